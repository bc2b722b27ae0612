"""What mySciLEARN publishes: each is a rule, and a plan that breaks it is stopped or warned of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from rosterbus.layouts import Skip
from rosterbus.plan.difference import Difference
from rosterbus_scilearn import RULES, Settings, judge, layouts

NO_PASSWORD = ["STUDENT_ID", "USERNAME", "FIRST_NAME", "LAST_NAME", "DOB", "GRADE", "SCHOOL_ID"]
ACCOUNT = {"server": "ondemand4", "login": "manager@example.org", "password": {"env": "SCILEARN_PASSWORD"}}
CHICAGO = ZoneInfo("America/Chicago")
FRIDAY_NIGHT = datetime(2026, 11, 20, 21, 4, 5, tzinfo=CHICAGO)
GOOD = b"STUDENT_ID,USERNAME,FIRST_NAME,LAST_NAME,DOB,GRADE,SCHOOL_ID\r\n7,u,A,B,03/09/2011,4,0101\r\n"


@dataclass
class View:
    """What a rule sees of a layout; `blank` counts blank cells, `moved` changed ones, by column."""

    spec: object
    difference: Difference
    has_baseline: bool = True
    blank: dict[str, int] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)

    def count(self, condition):
        return self.blank.get(condition.split('"')[1], 0)

    def changed(self, column):
        return self.moved.get(column, 0)


@pytest.fixture
def found(staged):
    """Findings as (severity, rule, count), each in the words of its rule."""

    def findings(
        *, content=GOOD, settings=None, now=FRIDAY_NIGHT, test=False, skipped=(), layouts_left=True, **seen
    ):
        values = Settings().load({**ACCOUNT, "columns": NO_PASSWORD, **(settings or {})})
        (spec,) = layouts(values)
        columns = tuple(c.with_source(Skip()) if c.name in skipped else c for c in spec.columns)
        difference = Difference(new=seen.pop("new", 0), removed=seen.pop("removed", 0))
        view = View(replace(spec, columns=columns), difference, **seen)
        plan = SimpleNamespace(
            layouts={"students": view} if layouts_left else {},
            files=[staged(content)] if layouts_left else [],
            test=test,
            now=now,
        )
        told = judge(plan, values)
        known = {rule.name: rule for rule in RULES}
        assert all(one.source == known[one.rule].source for one in told)
        assert [one.rule for one in told if one.severity == "refuse" and not one.if_wrong] == []
        return [(one.severity, one.rule, one.numbers.get("count")) for one in told]

    return findings


def test_a_good_file_at_night_breaks_no_rule(found):
    assert found() == []


def test_there_is_no_test_file(found):
    assert found(test=True) == [("refuse", "test file", None)]


@pytest.mark.parametrize(
    "content",
    [
        b"7,u,A,B,03/09/2011,4,0101\r\n",
        b"",
        GOOD.replace(b",", b";"),
        GOOD + b"8,v\r\n",
        GOOD + b'"8',
        GOOD.replace(b"A,B", b"\xfa,B"),
    ],
    ids=["no header", "nothing", "another delimiter", "uneven", "an open quote", "not UTF-8"],
)
def test_a_file_without_its_header_is_refused(found, content):
    assert {(severity, rule) for severity, rule, _ in found(content=content)} == {("refuse", "header line")}


def test_a_column_that_is_mapped_to_nothing_is_refused_once(found):
    columns = ["STUDENT_ID", "PASSWORD"]
    content = b"STUDENT_ID,PASSWORD\r\n7,\r\n"
    assert found(content=content, settings={"columns": columns}, blank={"PASSWORD": 1}) == [
        ("refuse", "column without values", 1)
    ]
    assert found(skipped=("USERNAME",)) == [("refuse", "column without values", 1)]


def test_blank_cells_are_warned_of(found):
    assert found(blank={"USERNAME": 2}) == [("warn", "blank cells", 2)]


def test_students_who_were_never_sent_are_warned_of(found):
    assert found(new=3) == [("warn", "students to be imported", 3)]
    assert found(new=3, has_baseline=False) == []


def test_leavers_are_warned_of(found):
    assert found(removed=2) == [("warn", "leavers", 2)]


def test_transfers_are_warned_of(found):
    assert found(moved={"SCHOOL_ID": 4, "GRADE": 9}) == [("warn", "transfers", 4)]
    assert found(moved={"SCHOOL_ID": 4}, has_baseline=False) == []
    columns = ["STUDENT_ID", "GRADE"]
    content = b"STUDENT_ID,GRADE\r\n7,4\r\n"
    assert found(content=content, settings={"columns": columns}, moved={"SCHOOL_ID": 4}) == []


@pytest.mark.parametrize(
    ("day", "clock", "quiet"),
    [
        (20, "18:59", False),
        (20, "19:00", True),
        (20, "05:59", True),
        (20, "06:00", False),
        (20, "12:00", False),
        (21, "12:00", True),
        (22, "23:59", True),
        (23, "06:00", False),
    ],
)
def test_school_days_are_warned_of_and_nights_and_weekends_are_not(found, day, clock, quiet):
    now = datetime.fromisoformat(f"2026-11-{day}T{clock}").replace(tzinfo=CHICAGO)
    assert found(now=now) == ([] if quiet else [("warn", "quiet hours", None)])
    assert found(now=now, settings={"quiet_hours": "off"}) == []


@pytest.mark.parametrize(
    ("clock", "night", "until"),
    [
        ("2026-11-20T12:00", {}, "2026-11-20T19:00"),
        ("2026-11-19T12:00", {"night_begins": "01:00", "night_ends": "05:00"}, "2026-11-20T01:00"),
        ("2026-11-20T12:00", {"night_begins": "01:00", "night_ends": "05:00"}, "2026-11-21T00:00"),
        ("2026-11-20T00:30", {"night_begins": "01:00", "night_ends": "05:00"}, "2026-11-20T01:00"),
    ],
    ids=["this evening", "tomorrow morning", "Saturday", "in a moment"],
)
def test_a_plan_can_wait_for_the_night(clock, night, until):
    values = Settings().load({**ACCOUNT, "quiet_hours": "not due", **night})
    now = datetime.fromisoformat(clock).replace(tzinfo=CHICAGO)
    [told] = judge(SimpleNamespace(layouts={}, files=[], test=False, now=now), values)
    assert (told.severity, told.until) == ("not due", datetime.fromisoformat(until).replace(tzinfo=CHICAGO))


def test_at_the_last_moment_only_the_hour_is_judged(found):
    noon = FRIDAY_NIGHT.replace(hour=12)
    assert found(layouts_left=False, now=noon) == []
    assert found(layouts_left=False, now=noon, settings={"quiet_hours": "not due"}) == [
        ("not due", "quiet hours", None)
    ]
