"""Every guard at its limit: what it lets pass, what it holds, and that it holds again the next night."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import rosterbus_village
from rosterbus.extracts import Mapped
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.planning import Order
from rosterbus.plan.stored import StoredPlan
from shelf_kit import Shelf, ShelfVillage
from village_kit import Village, student

DELIVER = "contacts = false"
HEADER = "id,first,last,mail,born,school,class"


@pytest.fixture
def grown(village: Village) -> Village:
    """A village whose vendor holds two schools of two hundred students each."""
    village.pipeline(deliver=DELIVER)
    village.write(roll())
    assert village.run().exit_code == 0
    return village


def roll(gone: int = 0, **changed: str) -> list[str]:
    """Four hundred students, without the first `gone` of school 1."""
    return [
        student(number, school="1" if number <= 200 else "2", **changed) for number in range(gone + 1, 401)
    ]


def held(plan: StoredPlan) -> list[tuple[str, str]]:
    return [(one.rule, one.school) for one in plan.holds]


def answering(monkeypatch: pytest.MonkeyPatch, change) -> None:
    honest = rosterbus_village.extract

    @hookimpl
    def extract(settings, state):
        return change(honest(settings=settings, state=state))

    monkeypatch.setattr(rosterbus_village, "extract", extract)


def counting(monkeypatch: pytest.MonkeyPatch, rows: int, of: int) -> None:
    honest = rosterbus_village.map

    @hookimpl
    def map(settings, tables):
        found = Finding("warn", "orphans", "rows refer to nothing", numbers={"rows": rows, "of": of})
        return Mapped(honest(settings=settings, tables=tables).relations, findings=[found])

    monkeypatch.setattr(rosterbus_village, "map", map)


@pytest.mark.parametrize(
    ("count", "rules"),
    [(25, []), (26, [("share removed", "1")]), (41, [("share removed", ""), ("share removed", "1")])],
)
def test_removals_of_a_school_and_of_all(grown: Village, count: int, rules: list) -> None:
    grown.write(roll(gone=count))
    assert held(grown.plan(hours=24)) == rules


@pytest.mark.parametrize(("count", "rules"), [(150, []), (151, [("share changed", "1")])])
def test_changes_of_a_school(grown: Village, count: int, rules: list) -> None:
    grown.write(
        [student(number, school="1", grade="06") for number in range(1, count + 1)] + roll(gone=count)
    )
    assert held(grown.plan(hours=24)) == rules


@pytest.mark.parametrize(
    ("count", "rules"), [(25, []), (26, [("share identifiers", ""), ("share identifiers", "1")])]
)
def test_identifiers_of_a_school_and_of_all(grown: Village, count: int, rules: list) -> None:
    new = [student(number, school="1", mail=f"n{number}@example.org") for number in range(1, count + 1)]
    grown.write(new + roll(gone=count))
    assert held(grown.plan(hours=24)) == rules


@pytest.mark.parametrize(("count", "rules"), [(25, []), (26, [("share rejected", "1")])])
def test_new_rejections_of_a_school(grown: Village, count: int, rules: list) -> None:
    grown.write(
        [student(number, school="1", mail="bad") for number in range(1, count + 1)] + roll(gone=count)
    )
    assert held(grown.plan(hours=24)) == rules


def test_rejections_that_are_no_news_hold_no_school(grown: Village) -> None:
    for number in (20, 40):
        bad = [student(one, school="1", mail="bad") for one in range(1, number + 1)]
        grown.write([*bad, *roll(gone=number), student(500 + number)])
        assert grown.run(hours=24).receipts[0].state == "confirmed"


def test_a_first_delivery_with_many_rejections_is_held(village: Village) -> None:
    village.pipeline(deliver=DELIVER)
    village.write([student(number, mail="bad") for number in range(1, 31)] + roll(gone=30))
    assert ("share rejected", "1") in held(village.plan())


@pytest.mark.parametrize(("gone", "rules"), [(4, []), (5, [("share removed", "")])])
def test_a_small_roster_that_vanishes_whole_is_held(village: Village, gone: int, rules: list) -> None:
    village.pipeline(deliver=DELIVER)
    village.write([student(number, school="") for number in range(1, gone + 1)])
    village.run()
    village.write([student(number, school="") for number in range(11, 11 + gone)])
    assert held(village.plan(hours=24)) == rules


def test_rows_without_a_school_are_not_taken_for_the_whole(village: Village) -> None:
    village.pipeline(deliver=DELIVER)
    rest = roll()
    village.write([student(number, school="") for number in range(501, 541)] + rest)
    village.run()
    village.write([student(501, school=""), *rest])
    assert held(village.plan(hours=24)) == []


@pytest.mark.parametrize(("grade", "rules"), [("", [("columns emptied", "")]), ("06", [])])
def test_a_column_that_emptied(grown: Village, grade: str, rules: list) -> None:
    grown.pipeline(deliver=DELIVER + "\n[deliver.drop.guards]\nchanged = 1.0")
    grown.write(roll(grade=grade))
    assert held(grown.plan(hours=24)) == rules


def test_lost_columns_are_held_until_somebody_looks(village: Village) -> None:
    village.export.mkdir()
    lines = [f"{HEADER},extra_bus", *(f"{student(number)},x" for number in range(1, 5)), ""]
    (village.export / "students.csv").write_text("\n".join(lines), encoding="utf-8")
    village.pipeline(deliver=DELIVER)
    village.run()
    village.write([student(number) for number in range(1, 6)])
    for _ in range(3):
        assert ("columns lost", "") in held(village.run(hours=24).receipts[0].plan)


def test_an_older_export_is_held_until_somebody_looks(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = datetime(2026, 11, 20, tzinfo=UTC)

    def dated(extract):
        extract.__dict__["as_of"] = made
        return extract

    answering(monkeypatch, dated)
    village.pipeline(deliver=DELIVER)
    village.write([student(1)])
    village.run()
    made = datetime(2026, 11, 19, tzinfo=UTC)
    village.write([student(1), student(2)])
    for _ in range(3):
        assert held(village.run(hours=24).receipts[0].plan) == [("source older than before", "")]
    made = datetime(2026, 11, 20, tzinfo=UTC)
    assert village.run(hours=24).receipts[0].state == "confirmed"


@pytest.mark.parametrize(("hours", "rules"), [(48, []), (49, [("source too old", "")])])
def test_the_age_of_an_export(
    village: Village, monkeypatch: pytest.MonkeyPatch, hours: int, rules: list
) -> None:
    made = village.now

    def dated(extract):
        extract.__dict__["as_of"] = made
        return extract

    answering(monkeypatch, dated)
    village.pipeline(deliver=DELIVER + "\n[deliver.drop.guards]\nmax_age_days = 2")
    village.write([student(1)])
    assert held(village.plan(hours=hours)) == rules


@pytest.mark.parametrize(
    ("rows", "of", "rules"),
    [(26, 2600, []), (26, 2599, [("share of orphans", "")]), (25, 30, []), (26, 0, [])],
)
def test_rows_that_refer_to_nothing(
    village: Village, monkeypatch: pytest.MonkeyPatch, rows: int, of: int, rules: list
) -> None:
    counting(monkeypatch, rows, of)
    village.pipeline(deliver=DELIVER)
    village.write([student(1)])
    assert held(village.plan()) == rules


def test_two_announcements_of_one_school_explain_its_rows_once(grown: Village) -> None:
    one = '[[expect]]\nschool = "1"\nremoved = "all"\nuntil = 2026-12-01\nreason = "moved"\n'
    grown.pipeline(extra=one + one.replace('"moved"', '"closed"'), deliver=DELIVER)
    grown.write(roll()[100:340])
    assert held(grown.plan(hours=24)) == [("share removed", ""), ("share removed", "2")]


@pytest.fixture
def shelved(tmp_path) -> ShelfVillage:
    """A vendor that deletes who is missing and holds ten students."""
    made = ShelfVillage(tmp_path, shelf=Shelf("deleted"))
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    made.shelve()
    made.write([student(number) for number in range(1, 11)])
    return made


def test_nobody_knows_what_a_deleting_vendor_holds(shelved: ShelfVillage) -> None:
    [hold] = shelved.plan().holds
    assert (hold.rule, "--empty" in hold.if_right, "--from FILE" in hold.if_wrong) == (
        "no baseline",
        True,
        True,
    )


@pytest.mark.parametrize(
    ("whole", "rules"), [("true", []), ("false", [("removals from a partial table", "")])]
)
def test_removals_from_a_partial_table(shelved: ShelfVillage, whole: str, rules: list) -> None:
    shelved.baseline_empty()
    shelved.night()
    shelved.shelve(source=f"complete = {whole}")
    shelved.write([student(number) for number in range(1, 10)])
    assert held(shelved.plan(hours=24)) == rules


def test_removals_beside_unreadable_rows(shelved: ShelfVillage) -> None:
    shelved.baseline_empty()
    shelved.night()
    shelved.write([*(student(number) for number in range(1, 10)), "10,too,few"])
    assert held(shelved.plan(hours=24)) == [("removals beside unreadable rows", "")]


@pytest.mark.parametrize(
    "announced",
    ['school = "1"\nchanged = "all"', 'layout = "contacts"\nremoved = "all"', 'school = "1"\nremoved = 40'],
)
def test_an_announcement_of_something_else_lets_nothing_pass(grown: Village, announced: str) -> None:
    grown.pipeline(
        extra=f'[[expect]]\n{announced}\nuntil = 2026-12-01\nreason = "moved"\n', deliver="contacts = false"
    )
    grown.write(roll(gone=41))
    assert held(grown.plan(hours=24)) == [("share removed", ""), ("share removed", "1")]


def test_one_record_alone_empties_no_column(grown: Village) -> None:
    grown.write([student(1, grade=""), *roll(gone=1)])
    assert held(grown.plan(hours=24, order=Order(only="1"))) == []
