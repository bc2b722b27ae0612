"""What several plans or layouts have in common is told once."""

from __future__ import annotations

from types import SimpleNamespace

from rosterbus.cli.plan_text import hold_lines, plans_lines
from rosterbus.findings import Finding

RIGHT = "rosterbus baseline v --empty"


def plan(delivery, *findings):
    holds = [one for one in findings if one.severity == "hold"]
    return SimpleNamespace(
        pipeline="v", delivery=delivery, guarantee="once", test=False, layouts=(), raw={}, findings=findings,
        holds=holds, files=(), remote=(), verdict="held" if holds else "nothing new", because="", id="p1",
    )  # fmt: skip


def test_what_is_warned_of_in_every_plan_is_told_once_and_the_rest_where_it_belongs():
    odd, own = Finding("warn", "odd", "a column is odd"), Finding("warn", "own", "a cell is blank")

    told = list(plans_lines([plan("a", odd), plan("b", odd, own)]))
    alone = list(plans_lines([plan("a", odd)]))

    assert told[:2] == ["v -> every delivery", "  rules      warns: a column is odd (rosterbus)"]
    assert [line for line in told if "warns" in line][1:] == [
        "  rules      warns: a cell is blank (rosterbus)"
    ]
    assert told.index("v -> b   once") < told.index("  rules      warns: a cell is blank (rosterbus)")
    assert alone[1] == "  rules      warns: a column is odd (rosterbus)"


def test_layouts_that_are_held_for_one_reason_are_one_block_unless_schools_are_named():
    held = [
        Finding("hold", "no baseline", f"nobody knows `{one}`", layout=one, if_right=RIGHT) for one in "ab"
    ]
    gone = [
        Finding("hold", "share removed", f"{one} shrank", layout=one, school=school)
        for one, school in (("a", "1"), ("a", "2"), ("b", ""))
    ]

    lines = list(hold_lines(plan("d", *held, *gone)))

    assert [line for line in lines if line.startswith("  held")] == [
        "  held: no baseline",
        "  held: share removed",
        "  held: share removed",
    ]
    assert lines[1:3] == ["    why            nobody knows `a`", "                   nobody knows `b`"]
    assert lines.count(f"    if it is right {RIGHT}") == 1
