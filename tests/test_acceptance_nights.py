"""What one night leaves is what the next night starts from: edits, repairs, failures and leavers."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest
from rosterbus.private import write_private_bytes

UPPER = '[deliver.samegoal.map.students.columns]\nCity = { transform = "upper(city)" }'


@pytest.fixture
def site(to_samegoal):
    """A project with sixty students."""
    to_samegoal.district = {"students": 60}
    to_samegoal.export()
    return to_samegoal


def counts(said, layout="students"):
    return said.receipt["counts"][layout]


def test_what_an_edited_mapping_changes_is_told_apart_from_what_changed_at_the_schools(
    site, samegoal, arrived
):
    assert site("run", "p").code == 0
    site.export(without=[3])
    site.pipeline(more=UPPER)
    plan = site.json("plan", "p").plan

    [told] = [one for one in plan["findings"] if one["rule"] == "changed by the mapping"]
    assert told["sentence"] == "changed by the mapping: `City` (59 rows differ, 0 leave)"
    changes = site.json("diff", plan["id"]).json["changes"]
    assert [one["key"] for one in changes if not one["by_mapping"]] == ["S0000004"]
    assert site("apply", plan["id"]).code == 0
    assert all(row["City"].isupper() for row in arrived(samegoal))


def test_who_was_rejected_tonight_and_is_repaired_tomorrow_is_new_then(site, samegoal, arrived):
    site.export(bad_share=0.2)
    tonight = site.json("run", "p")
    assert tonight.code == 4
    first = {row["Student Id"] for row in arrived(samegoal)}
    site.export()
    tomorrow = site.json("run", "p")

    assert tomorrow.code == 0
    assert tomorrow.receipt["balanced"]
    assert counts(tomorrow)["new"] == 60 - len(first)
    assert len(arrived(samegoal)) == 60


def test_the_same_rejected_rows_are_not_news_on_the_second_night(site):
    site.export(bad_share=0.2)
    assert site("run", "p").code == 4
    site.export(bad_share=0.2, without=[1])

    assert site("run", "p").code == 0


def test_an_unchanged_export_sends_nothing_and_says_why(site, samegoal):
    assert site("run", "p").code == 0
    site.export()
    said = site("run", "p")

    assert said.code == 0
    assert "nothing new" in said.out
    assert "the vendor has it all" in said.out
    assert len(samegoal.settle()) == 1


def test_who_left_is_told_once(site, samegoal):
    assert site("run", "p").code == 0
    site.export(without=[3])
    assert counts(site.json("run", "p"))["removed"] == 1
    site.export(without=[3])

    assert site.json("run", "p").receipt["state"] == "nothing new"
    assert len(samegoal.settle()) == 2


def test_what_failed_while_the_vendor_was_away_is_delivered_when_it_is_back(site, samegoal, arrived):
    samegoal.extras["server"].stop()
    tonight = site.json("run", "p")
    assert tonight.code == 75
    samegoal.extras["server"].start()
    tomorrow = site.json("run", "p")

    assert tomorrow.code == 0
    assert len(arrived(samegoal)) == 60
    assert len(samegoal.settle()) == 1


def test_what_failed_by_a_wrong_key_is_delivered_with_the_right_one_though_the_export_is_the_same(
    site, samegoal, arrived, tmp_path
):
    right = site.settings["samegoal"]["private_key"]
    site.settings["samegoal"]["private_key"] = _key(tmp_path / "stranger")
    site.pipeline()
    tonight = site("run", "p")
    assert tonight.code == 1
    assert samegoal.settle() == []
    site.settings["samegoal"]["private_key"] = right
    site.pipeline()
    tomorrow = site.json("run", "p")

    assert tomorrow.code == 0
    assert tomorrow.receipt["state"] == "confirmed"
    assert len(arrived(samegoal)) == 60
    history = site.json("history").json["uploads"]
    assert [one["state"] for one in history if one["file"].endswith("students.csv")] == [
        "confirmed", "failed",
    ]  # fmt: skip


def _key(path: Path):
    from rosterbus.secrets import SecretReference

    write_private_bytes(path, asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    return SecretReference("file", str(path))
