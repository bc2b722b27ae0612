"""Settings: what is refused, and where they lead."""

from __future__ import annotations

import marshmallow
import pytest
from rosterbus_scilearn import Settings
from rosterbus_scilearn.settings import address_of, words_of

ACCOUNT = {"server": "ondemand4", "login": "manager@example.org", "password": {"env": "SCILEARN_PASSWORD"}}


def refused(**changes):
    given = {name: value for name, value in {**ACCOUNT, **changes}.items() if value is not ...}
    with pytest.raises(marshmallow.ValidationError) as caught:
        Settings().load(given)
    return caught.value.normalized_messages()


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "https://ondemand4.scilearn.com/slc"),
        ({"server": None, "location": "https://slc.example.org:8443/x/"}, "https://slc.example.org:8443/x"),
    ],
)
def test_a_server_name_or_a_location_says_where_it_is(changes, address):
    assert address_of(Settings().load({**ACCOUNT, **changes})) == address


@pytest.mark.parametrize("server", ["ondemand4.scilearn.com", "https://ondemand4", "a b", "", "\u00e9cole"])
def test_a_server_is_the_first_part_of_its_name(server):
    [told] = refused(server=server)["server"]
    assert "ondemand4" in told


@pytest.mark.parametrize(
    "location",
    [
        "http://ondemand4.scilearn.com/slc",
        "ondemand4.scilearn.com",
        "https://manager:1234Abcd@ondemand4.scilearn.com/slc",
        "https://ondemand4.scilearn.com/slc?login=x",
        "https://ondemand4.scilearn.com:x/slc",
        "https:///slc",
    ],
)
def test_a_location_is_an_https_address_and_nothing_more(location):
    [told] = refused(server=None, location=location)["location"]
    assert "1234Abcd" not in told
    assert "https://ondemand4.scilearn.com/slc" in told


def test_one_of_both_is_needed_and_not_two():
    assert "location" in refused(server=...)["server"][0]
    assert "already" in refused(location="https://slc.example.org")["location"][0]


@pytest.mark.parametrize(
    "columns",
    [["FIRST_NAME"], ["STUDENT_ID", "STUDENT_ID"], ["STUDENT_ID", "BIRTHDAY"], []],
    ids=["no id", "twice", "unknown", "none"],
)
def test_columns_are_known_and_hold_the_id(columns):
    assert "columns" in refused(columns=columns)


@pytest.mark.parametrize("clock", ["7pm", "24:00", "6:00", "19:60"])
def test_an_hour_is_written_as_clocks_show_it(clock):
    [told] = refused(night_begins=clock)["night_begins"]
    assert "from 00:00 to 23:59" in told


def test_a_night_without_an_hour_is_refused():
    assert "night_ends" in refused(night_begins="06:00")


def test_a_certificate_file_that_is_not_there_is_told_at_once(tmp_path):
    assert refused(ca_file=str(tmp_path / "none.pem")) == {"ca_file": ["there is no such file"]}


def test_a_grade_is_written_as_a_text():
    assert refused(grades={"KG": 0}) == {"grades": ["KG is written as no text"]}


def test_login_and_password_are_needed():
    assert set(refused(login=..., password=...)) == {"login", "password"}


def test_words_that_are_not_given_are_those_of_the_article():
    words = words_of(Settings().load({**ACCOUNT, "words": {"none": ["nothing yet"]}}))
    assert (words.none, words.completed, words.running) == (["nothing yet"], ["completed"], ["running"])
    assert words_of(Settings().load(ACCOUNT)).none == []


def test_nobody_is_believed_to_be_the_only_starter_unasked():
    assert Settings().load(ACCOUNT).only_starter is False
