"""`rosterbus connectors` lists what is installed, and hides nothing that is broken."""

from __future__ import annotations

MISSPELT = "from rosterbus.hookspecs import hookimpl\n\n@hookimpl\ndef adress(delivery, settings): ...\n"


def test_lists_by_kind_with_distribution_version_title_and_maturity(rosterbus):
    ran = rosterbus("connectors")

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines.index("destinations") < lines.index("sources")
    told = [" ".join(line.split()) for line in lines]
    assert "drop rosterbus-drop 1.0 A vendor with a drop folder (draft)" in told


def test_shows_each_broken_plugin_with_its_reason_beside_the_others(rosterbus, install):
    install("bursting", "1 / 0\n")
    install("misspelt", MISSPELT)
    install("tomorrow", "", group="rosterbus.v9.destinations")

    ran = rosterbus("connectors", "--json")

    problems = {one["name"]: one["problem"] for one in ran.json["plugins"]}
    assert ran.code == 0
    assert "ZeroDivisionError" in problems["bursting"]
    assert "did you mean `address`?" in problems["misspelt"]
    assert problems["tomorrow"] == "needs connector API 9, this core speaks 1"
    assert problems["drop"] is None
    assert problems["village"] is None


def test_a_broken_plugin_is_marked_for_people(rosterbus, install):
    install("bursting", "1 / 0\n")

    ran = rosterbus("connectors")

    assert "BROKEN: cannot be imported: ZeroDivisionError" in ran.out
