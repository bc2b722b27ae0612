"""Telling people: one message for each change of state, never a cell, and never at the cost of the delivery."""

from __future__ import annotations

import json
import sys

import pytest
from village_kit import student

WRITER = """
import pathlib, sys
here = pathlib.Path(sys.argv[1])
if (here / "deaf").exists():
    sys.exit(1)
with (here / "told.jsonl").open("a", encoding="utf-8") as told:
    told.write(sys.stdin.read().strip() + "\\n")
"""


@pytest.fixture
def told(village):
    """A function that answers with the notices since it was asked last."""
    script = village.root / "writer.py"
    script.write_text(WRITER, encoding="utf-8")
    command = json.dumps([sys.executable, str(script), str(village.root)])
    (village.root / "rosterbus.toml").write_text(
        f'[[notify]]\nby = "command"\nargv = {command}\n', encoding="utf-8"
    )
    log = village.root / "told.jsonl"

    def since():
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    return since


def kinds(notices):
    return [notice["kind"] for notice in notices]


def test_nobody_is_told_that_all_is_well(village, told):
    village.run()
    village.run(hours=24)

    assert told() == []


def test_a_state_is_told_once_and_its_end_once(village, told):
    village.run()
    (village.export / "students.csv").write_text("", encoding="utf-8")
    village.run(hours=24)
    village.run(hours=24)
    assert kinds(told()) == ["failed"]

    village.write([student(number) for number in range(1, 31)])
    village.run(hours=24)
    village.run(hours=24)
    assert kinds(told()) == ["recovered"]


def test_a_hold_and_what_follows_it_are_changes_of_state(village, told):
    village.run()
    village.write([])
    village.run(hours=24)
    village.fault("unsure")
    village.write([student(number) for number in range(1, 32)])
    village.run(hours=24)

    assert kinds(notices := told()) == ["held", "unsure"]
    assert notices[1]["command"].startswith("rosterbus settle ")


def test_what_was_handed_over_waits_for_a_person_who_is_told_once(village, told):
    village.pipeline(deliver="by_hand = true\ncontacts = false")
    village.run()
    village.write([student(number) for number in range(1, 32)])
    village.run(hours=24)
    village.run(hours=24)

    [notice] = told()
    assert notice["kind"] == "waiting"
    assert "it waits for the person who uploads it" in notice["sentence"]


def test_a_delivery_in_doubt_is_told_once_however_long_it_lasts(village, told):
    village.fault("unsure")
    village.run()
    village.run(hours=24)

    assert kinds(told()) == ["unsure"]


def test_a_message_has_counts_and_no_cell(village, told):
    village.run()
    village.write([])
    village.run(hours=24)
    [notice] = told()

    assert notice["counts"]["removed"] == 30
    assert "First" not in json.dumps(notice)
    assert "example.org" not in json.dumps(notice)


def test_a_notifier_that_fails_costs_nothing_and_is_tried_again(village, told):
    (village.root / "deaf").touch()
    village.fault("refuse")
    outcome = village.run()
    assert (outcome.exit_code, told()) == (1, [])

    (village.root / "deaf").unlink()
    village.fault("refuse")
    village.run(hours=24)
    assert kinds(told()) == ["failed"]


def test_an_extension_that_can_tell_nobody_does_not_fail_the_run(village):
    (village.root / "rosterbus.toml").write_text('[[notify]]\nby = "nobody"\n', encoding="utf-8")
    village.fault("refuse")
    outcome = village.run()

    assert [one.state for one in outcome.receipts] == ["failed"]
    assert outcome.failures == []


def test_only_the_kinds_that_were_asked_for_are_told(village, told):
    file = village.root / "rosterbus.toml"
    file.write_text(file.read_text(encoding="utf-8") + 'on = ["held"]\n', encoding="utf-8")
    village.fault("refuse")
    village.run()
    village.run(hours=1)
    village.write([])
    village.run(hours=24)

    assert kinds(told()) == ["held"]
