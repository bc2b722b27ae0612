"""`rosterbus describe` tells what a connector is, takes and promises, and where each rule comes from."""

from __future__ import annotations

CODE = """
from rosterbus import settings
from rosterbus.deliveries import TwinAnswer
from rosterbus.findings import Rule, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, Limits, boolean, text
from rosterbus.secrets import SecretReference


class Settings(settings.Settings):
    host = settings.text("The server.", required=True)
    pace = settings.text("How often.", default="weekly", choices=("weekly", "monthly"))
    port = settings.number("The port.", default=22, least=1, most=65535)


class People(
    Layout, file="people.csv", rows="students", key="Id", absence="explicit", leaver={"Gone": "yes"},
    limits=Limits(rows=199_999), source="the vendor's page",
):
    student_id = text("Id", direct="student_id", required=True, rule="the vendor's table", note="agree on it")
    gone = boolean("Gone", value="no", true="yes", false="no", note="agree on it")


class Visits(
    Layout, file="visits.csv", rows="registrations", key="Id", split=("school_id", "school_year"),
    limits=Limits(bytes=2_000_000), source="the vendor's page",
):
    visit_id = text("Id", direct="registration_id", written=False)
    password = text("Password", keyed="student_id", secret=SecretReference("env", "EXAMPLE"))


RULES = (RuleDoc("pace", "one file in 24 hours", "not due", "the vendor's letter"),)
ANSWERS = (TwinAnswer("a second file waits", "published", "the vendor's letter"),)


def layouts(settings):
    assert settings.host, "what is required has some value"
    return (People, Visits)


@hookimpl
def validate(layout, settings):
    return [Rule("true", ("Id",), "ids are odd", "the vendor's footnote")]


@hookimpl
def judge(plan, settings):
    return []


@hookimpl
def twin(folder, settings):
    raise NotImplementedError
"""


def test_tells_settings_with_type_default_limits_and_choices(rosterbus, install):
    install("vendor", CODE)

    settings = {
        one["name"]: one for one in rosterbus("describe", "vendor", "--json").json["plugins"][0]["settings"]
    }

    assert settings["host"] | {"about": "The server."} == settings["host"]
    assert (settings["host"]["required"], settings["host"]["type"]) == (True, "text")
    assert (settings["pace"]["default"], settings["pace"]["choices"]) == ("weekly", ["weekly", "monthly"])
    assert settings["port"]["limits"] == "at least 1, at most 65535"


def test_tells_the_layout_that_its_settings_make_and_every_rule_with_its_source(rosterbus, install):
    install("vendor", CODE)

    told = rosterbus("describe", "vendor", "--json").json["plugins"][0]

    layout, visits = told["layouts"]
    assert (layout["file"], layout["key"], layout["limits"]["rows"]) == ("people.csv", ["Id"], 199_999)
    assert layout["absence"] == "who left is sent once more, with Gone = yes"
    assert [column["rule"] for column in layout["columns"]] == ["the vendor's table", "the vendor's page"]
    assert [(rule["sentence"], rule["source"]) for rule in layout["rules"]] == [
        ("ids are odd", "the vendor's footnote")
    ]
    assert (layout["split"], visits["split"]) == ([], ["school_id", "school_year"])
    assert told["rules"] == [
        {
            "name": "pace",
            "sentence": "one file in 24 hours",
            "severity": "not due",
            "source": "the vendor's letter",
            "remedy": "",
        }
    ]
    assert told["answers"][0]["known"] == "published"


def test_shows_people_guarantee_rules_notes_and_the_twin(rosterbus, install):
    install("vendor", CODE)

    ran = rosterbus("describe", "vendor")

    assert ran.code == 0
    for line in (
        "  guarantee    once",
        "    Id   text, required",
        "        direct: student_id   [the vendor's table]",
        "    reject: ids are odd   [the vendor's footnote]",
        "  not due      pace: one file in 24 hours   [the vendor's letter]",
        "  people.student_id, gone: agree on it",
        "twin: rosterbus twin vendor",
        "  published    a second file waits (the vendor's letter)",
        "  limits       at most 199,999 rows",
        "  split        a file for each school_id and school_year, and as many as the limits ask for",
        "    Id   text; compared, not in the file",
        "        a password made of student_id with a secret   [the vendor's page]",
    ):
        assert line in ran.out.splitlines()


def test_says_so_where_rules_are_not_listed_by_their_authors(rosterbus):
    assert "its authors do not list them" in rosterbus("describe", "drop").out


def test_an_unknown_name_is_an_error_with_the_names_there_are(rosterbus):
    ran = rosterbus("describe", "nowhere")

    assert ran.code == 1
    assert "there is no plugin `nowhere`; installed: " in ran.err
    assert "there is no source `drop`" in rosterbus("describe", "drop", "--kind", "source").err


def test_a_broken_plugin_is_an_error_with_its_reason(rosterbus, install):
    install("tomorrow", "", group="rosterbus.v9.destinations")

    assert "needs connector API 9" in rosterbus("describe", "tomorrow").err


def test_a_connector_that_cannot_make_its_layouts_is_an_error_and_no_traceback(rosterbus, install):
    install("clumsy", "def layouts(settings):\n    return settings['nothing']\n")

    ran = rosterbus("describe", "clumsy")

    assert ran.code == 1
    assert "destination:clumsy (rosterbus-clumsy 1.4) cannot make its layouts (KeyError)" in ran.err
