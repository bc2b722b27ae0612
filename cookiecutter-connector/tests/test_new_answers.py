"""What may be answered to `rosterbus new`, and what a wrong answer is told."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError
from rosterbus_new.answers import complete


def test_what_is_not_answered_is_as_the_template_has_it():
    assert complete({"name": "acme-sis"}) == {
        "name": "acme-sis",
        "system": "Acme Sis",
        "kind": "destination",
        "transport": "sftp",
        "author": "",
        "email": "",
    }


def test_a_name_is_needed():
    with pytest.raises(ConfigError, match="`name`: this is missing"):
        complete({"kind": "source"})


@pytest.mark.parametrize(
    "name", ["Acme", "acme_sis", "1acme", "acme-", "acme--sis", "", "a" * 41, "ácme", "../x"]
)
def test_a_name_that_is_none_is_told_what_is_allowed(name: str):
    with pytest.raises(ConfigError, match=r"no connector's name.*allowed: lower-case letters"):
        complete({"name": name})


@pytest.mark.parametrize("name", ["handshake", "samegoal", "same-goal", "market", "village"])
def test_the_name_of_a_connector_that_there_is_or_one_like_it_is_refused(name: str):
    with pytest.raises(ConfigError, match="a connector that there is already, or looks like it"):
        complete({"name": name})


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"kind": "sink"}, "`kind`: this is none of the choices; found 'sink'; allowed: destination, source"),
        ({"transport": "ftp"}, "`transport`: this is none of the choices; found 'ftp'; allowed: sftp"),
        ({"system": 'A "B"'}, "`system`: this cannot stand in a file's head"),
        ({"system": "{{ x }}"}, "`system`: this cannot stand in a file's head"),
        ({"system": " Acme"}, "`system`: this cannot stand in a file's head"),
        ({"author": "a\nb"}, "`author`: this cannot stand in a file's head"),
        ({"email": "nobody"}, "`email`: this is no e-mail address"),
        ({"colour": "red"}, "`colour`: there is no such question; allowed: name, system"),
    ],
)
def test_any_other_wrong_answer_is_told_its_place_and_what_is_allowed(answer: dict[str, str], found: str):
    with pytest.raises(ConfigError) as refused:
        complete({"name": "acme", **answer})
    assert found in str(refused.value)


@pytest.mark.parametrize("kind", ["report", "rules"])
def test_reports_and_rules_have_no_transport(kind: str):
    assert "transport" not in complete({"name": "acme", "kind": kind})
    with pytest.raises(ConfigError, match=f"`{kind}` has no transport"):
        complete({"name": "acme", "kind": kind, "transport": "sftp"})


def test_a_system_is_written_as_people_write_it():
    assert complete({"name": "acme", "system": "O'Neil & Söhne (SIS)"})["system"] == "O'Neil & Söhne (SIS)"
