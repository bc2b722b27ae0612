"""A roster that shrank is held, and only what a person approved of exactly that plan lets it go."""

from __future__ import annotations

import pytest

SHRUNK = [number for number in range(120) if number % 2]
"""Thirty in a hundred of the second school's two hundred students."""
ANNOUNCED = """
[[expect]]
school = "ORG0002"
removed = 0.4
until = 2099-12-31
reason = "a wing of the school moves to the new building"
"""


@pytest.fixture
def shrunk(to_samegoal):
    """A project whose first night was delivered, and whose second export lacks a part of one school."""
    assert to_samegoal("run", "p").code == 0
    to_samegoal.export(without=SHRUNK)
    return to_samegoal


def held(site):
    said = site.json("plan", "p")
    assert said.code == 3
    assert said.plan["verdict"] == "held"
    return said.plan


def approve(site, plan, *options):
    return site("approve", plan["id"], "--by", "Ada Park", "--reason", "the wing moved", *options)


def epochs(twin):
    return len(twin.settle())


def test_a_school_that_lost_thirty_in_a_hundred_is_held_with_the_fixed_parts(shrunk, samegoal):
    said = shrunk("plan", "p")

    assert said.code == 3
    assert "60 of 200 rows (30%) of `students` of school ORG0002 are removed; the limit is 10%" in said.out
    for part in ("held: share removed", "why", "likely cause", "if you wait", "if it is wrong"):
        assert part in said.out
    assert "if it is right rosterbus approve" in said.out
    assert shrunk("run", "p").code == 3
    assert epochs(samegoal) == 1


def test_who_would_be_removed_can_be_seen(shrunk):
    shrunk("plan", "p")
    changes = shrunk.json("diff").json["changes"]

    removed = {one["key"] for one in changes if (one["layout"], one["kind"]) == ("students", "removed")}
    assert removed == {f"S{number + 1:07}" for number in SHRUNK}


def test_an_approved_plan_is_delivered_as_it_was_seen(shrunk, samegoal, arrived):
    plan = held(shrunk)
    assert approve(shrunk, plan).code == 0
    receipt = shrunk.json("apply", plan["id"]).receipt

    assert (receipt["plan"], receipt["state"]) == (plan["id"], "confirmed")
    assert [file["sha256"] for file in receipt["files"]] == [file["sha256"] for file in plan["files"]]
    assert len(arrived(samegoal)) == plan["files"][0]["rows"]


def test_a_plan_that_nobody_approved_is_not_delivered(shrunk, samegoal):
    plan = held(shrunk)

    assert shrunk("apply", plan["id"]).code == 3
    assert epochs(samegoal) == 1


def test_an_approval_needs_a_name_and_a_reason(shrunk):
    plan = held(shrunk)

    assert shrunk("approve", plan["id"], "--reason", "the wing moved").code == 2
    assert shrunk("approve", plan["id"], "--by", "Ada Park").code == 2


def test_an_approval_does_not_cover_a_changed_export(shrunk, samegoal):
    approve(shrunk, held(shrunk))
    shrunk.export(without=[*SHRUNK, 120])

    assert shrunk("run", "p").code == 3
    assert epochs(samegoal) == 1


def test_an_approval_does_not_cover_an_edited_mapping(shrunk, samegoal):
    approve(shrunk, held(shrunk))
    shrunk.pipeline(more='[deliver.samegoal.map.students.columns]\nCity = { transform = "upper(city)" }')

    assert shrunk("run", "p").code == 3
    assert epochs(samegoal) == 1


def test_an_approval_does_not_outlast_a_newer_delivery(shrunk, samegoal):
    plan = held(shrunk)
    approve(shrunk, plan)
    shrunk.export(without=[1])
    assert shrunk("run", "p").code == 0
    said = shrunk("apply", plan["id"])

    assert said.code == 3
    assert "superseded" in said.out
    assert epochs(samegoal) == 2


def test_an_approval_expires(shrunk, samegoal):
    plan = held(shrunk)
    assert approve(shrunk, plan, "--hours", "0.0000001").code == 0

    assert shrunk("apply", plan["id"]).code == 3
    assert epochs(samegoal) == 1


def test_an_announcement_lets_a_shrunk_school_through(shrunk, samegoal):
    shrunk.pipeline(more=ANNOUNCED)
    said = shrunk("plan", "p")

    assert "announced: a wing of the school moves to the new building" in said.out
    assert shrunk("run", "p").code == 0
    assert epochs(samegoal) == 2
