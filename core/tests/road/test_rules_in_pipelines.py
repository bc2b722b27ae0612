"""A pipeline names the rules of its county, and they are asked beside the vendor's, with settings of their own."""

import json

import pytest
import rosterbus_county
from rosterbus.checking import pipeline_facts
from rosterbus.describing import describe_plugin, find_plugins
from rosterbus.drafting import schema_text
from rosterbus.errors import ConfigError, PluginError
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.project import load_project
from village_kit import student

NIGHT = [student(n) for n in range(10)]


def ruled(village, *lines, name="county"):
    village.write(NIGHT)
    village.pipeline(extra="\n".join([f"[rules.{name}]", *lines]), deliver="contacts = false")
    village.baseline_empty()


def test_rules_that_are_kept_say_nothing(village):
    ruled(village)
    assert village.plan().verdict == "go"


def test_a_row_that_breaks_a_rule_is_rejected_with_the_rules_own_source(village):
    ruled(village, 'domain = "county.example.org"')
    plan = village.plan()
    assert plan.total("rejected") == 10


def test_a_finding_of_a_rule_holds_and_names_its_source(village):
    ruled(village)
    village.write([student(1, grade=""), *NIGHT[2:]])
    [held] = village.plan().holds
    assert (held.rule, held.sentence) == ("students without a grade", "1 students have no grade")
    assert held.source == rosterbus_county.PAGE


def test_rules_have_settings_of_their_own_and_the_vendor_keeps_its_own(village):
    ruled(village, "ungraded = 1")
    village.write([student(1, grade=""), *NIGHT[2:]])
    assert village.plan().verdict == "go"


def test_rules_that_a_pipeline_does_not_name_are_not_asked(village):
    village.write([student(1, grade=""), *NIGHT[2:]])
    village.pipeline(deliver="contacts = false")
    village.baseline_empty()
    assert village.plan().verdict == "go"


def test_rules_are_asked_again_when_the_plan_is_applied(village, monkeypatch):
    ruled(village)
    asked = []

    @hookimpl
    def judge(plan, settings):
        asked.append((len(plan.layouts), settings.ungraded))
        return []

    monkeypatch.setattr(rosterbus_county, "judge", judge)
    assert village.run().exit_code == 0
    assert asked == [(1, 0), (0, 0)]


def test_a_rule_never_speaks_in_the_name_of_the_core(village, monkeypatch):
    ruled(village)

    @hookimpl
    def judge(plan, settings):
        return [Finding("warn", "odd", "something is odd")]

    monkeypatch.setattr(rosterbus_county, "judge", judge)
    told = [one.source for one in village.plan().findings if one.rule == "odd"]
    assert told == ["extension:county"]


def test_an_answer_that_is_no_finding_is_told_as_the_plugins_error(village, monkeypatch):
    ruled(village)

    @hookimpl
    def judge(plan, settings):
        return ["odd"]

    monkeypatch.setattr(rosterbus_county, "judge", judge)
    with pytest.raises(
        PluginError, match=r"extension:county \(rosterbus-county 1.0\) did not answer `judge`"
    ):
        village.plan()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ungradet = 1", "there is no such setting here"),
        ("ungraded = -1", "ungraded"),
        ('domain = { env = "X" }', "domain"),
    ],
)
def test_a_wrong_setting_of_rules_is_refused_with_its_line(village, line, said):
    with pytest.raises(ConfigError, match=said) as refused:
        ruled(village, line)
    assert "v.toml, line 7" in str(refused.value)


def test_what_is_not_installed_is_told_with_what_is(village):
    with pytest.raises(PluginError, match=r"there is no extension `country`.*county"):
        ruled(village, name="country")


def test_a_plugin_without_rules_is_refused(village, monkeypatch):
    monkeypatch.delattr(rosterbus_county, "judge")
    monkeypatch.delattr(rosterbus_county, "validate")
    with pytest.raises(ConfigError, match="this plugin has no rules"):
        ruled(village)


def test_rules_that_are_no_table_are_refused(village):
    village.write(NIGHT)
    village.pipeline(extra="[rules]\ncounty = 1")
    with pytest.raises(ConfigError, match=r"rules\.county"):
        village.plan()


def test_a_check_tells_whether_the_rules_can_be_asked(village):
    ruled(village)
    facts = list(pipeline_facts(load_project(village.root), "v"))
    [told] = [one.sentence for one in facts if "rules" in one.sentence]
    assert told == "the rules of extension:county (rosterbus-county 1.0) are asked; their settings are right"


def test_an_editor_is_told_of_the_settings_of_installed_rules():
    rules = json.loads(schema_text())["properties"]["rules"]
    assert rules["additionalProperties"] is False
    assert set(rules["properties"]["county"]["properties"]) == {"domain", "ungraded"}


def test_what_is_known_of_rules_is_told():
    told = describe_plugin(find_plugins("county")[0])
    assert (told["kind"], told["judges"]) == ("extension", True)
    assert [one["name"] for one in told["rules"]] == ["students without a grade"]
    assert [one["name"] for one in told["settings"]] == ["domain", "ungraded"]
