"""After any number of nights, what the baseline says is what the vendor holds, and every balance closes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import rosterbus_shelf
from rosterbus.errors import ConfigError
from rosterbus.pipelines import Outcome
from rosterbus.plan.planning import Order
from shelf_kit import Shelf, ShelfVillage
from village_kit import student

IDS = ["1", "2", "a/b", "a", "b/c", "c", "it's", "x\\y", "ü.1", "<b>", "select", "-7", "0012", "1/2"]
WAYS = [
    ("kept", "everyone"),
    ("kept", "changes"),
    ("kept", "new"),
    ("deleted", "everyone"),
    ("deactivated", "everyone"),
    ("explicit", "everyone"),
    ("explicit", "changes"),
    ("explicit", "new"),
]
EDITS = [
    "",
    '[deliver.shelf.map.members.columns]\nfirst_name = { transform = "upper(first_name)" }\n',
    '[deliver.shelf.map.members.columns]\nHomeroom = "grade"\n',
    '[deliver.shelf.map.members.columns]\nage = { transform = "CAST(today() AS VARCHAR)" }\n',
]
WHERES = ["", "[deliver.shelf.map.members]\nwhere = \"grade <> '03'\"\n"]


@pytest.fixture
def shelved(tmp_path: Path) -> ShelfVillage:
    made = ShelfVillage(tmp_path)
    made.vendor.mkdir()
    (tmp_path / "rosterbus.toml").write_text('[privacy]\nexclude = "optouts.csv"\n', encoding="utf-8")
    (tmp_path / "optouts.csv").write_text("id,vendor,reason\n", encoding="utf-8")
    return made


def closes(outcome: Outcome) -> None:
    for receipt in outcome.receipts:
        assert receipt.balanced
        for name, counts in receipt.counts.items():
            parts = ("delivered", "unchanged", "filtered", "rejected", "held")
            assert counts["read"] == sum(counts[part] for part in parts), name
        for table in receipt.plan.raw.values():
            assert table["read"] == table["used"] + sum(table["unused"].values()) + table["rejected"]


def agrees(village: ShelfVillage, outcome: Outcome) -> None:
    """The baseline of a confirmed plan against the vendor's own records, cell by cell."""
    [receipt] = outcome.receipts
    for layout in receipt.plan.layouts:
        held = village.shelf.rows[layout.name]
        rows, gone = village.believed(layout.name, receipt.plan.folder / str(layout.next_baseline))
        if layout.baseline_kind == "digests":
            assert len(rows) == len(held)
            continue
        named = {told(key): row for key, row in held.items()}
        assert rows.keys() == named.keys()
        for key, row in rows.items():
            assert row == {name: named[key].get(name, "") for name in row}, key
        if layout.name == "members" and village.shelf.absence in ("deactivated", "explicit"):
            assert gone == {told(key) for key in village.shelf.away}


def told(key: tuple[str, ...]) -> str:
    if len(key) == 1:
        return key[0]
    return "/".join(part.replace("\\", "\\\\").replace("/", "\\/") for part in key)


def write_night(village: ShelfVillage, chance: random.Random) -> None:
    here = [one for one in IDS if chance.random() < 0.8]
    grades = [chance.choice(["03", "04", "05"]) for _ in here]
    mails = [chance.choice([None, None, None, "broken"]) for _ in here]
    lines = []
    for number, (one, grade, mail) in enumerate(zip(here, grades, mails, strict=True)):
        line = student(number, school=chance.choice("12"), grade=grade, mail=mail)
        lines.append(f"{one},{line.partition(',')[2]}")
    contacts = [
        f"{contact},{one},Kin,{chance.choice(['12', '34', '1x'] if chance.random() < 0.2 else ['12', '34'])}"
        for one in here
        for contact in ("c", "b/c", "k")
        if chance.random() < 0.5
    ]
    village.write(lines, contacts)
    out = [one for one in IDS if chance.random() < 0.05]
    (village.root / "optouts.csv").write_text(
        "\n".join(["id,vendor,reason", *(f"{one},,asked" for one in out), ""]), encoding="utf-8"
    )


def an_order(chance: random.Random, absence: str) -> Order:
    if absence in ("deleted", "deactivated"):
        return Order()
    return chance.choice([Order(), Order(), Order(without_removals=True)])


@pytest.mark.parametrize(
    ("absence", "sends", "later"),
    [
        *((*way, "values") for way in WAYS),
        ("kept", "changes", "digests"),
        ("deactivated", "everyone", "digests"),
    ],
)
def test_the_baseline_is_what_the_vendor_holds(
    shelved: ShelfVillage, absence: str, sends: str, later: str
) -> None:
    chance = random.Random(f"{absence} {sends} {later}")
    shelved.shelf = Shelf(absence)
    delivered = 0
    for night in range(4):
        write_night(shelved, chance)
        kind = later if night > 1 else "values"
        edit = chance.choice(WHERES) + chance.choice(EDITS)
        shelved.shelve(sends=sends, extra=f'baseline = "{kind}"\n{edit}')
        if not night:
            shelved.baseline_empty()
        outcome = shelved.night(an_order(chance, absence))
        assert not outcome.failures, outcome.failures
        closes(outcome)
        if outcome.receipts[0].state == "confirmed":
            delivered += 1
            agrees(shelved, outcome)
    assert delivered > 2


@pytest.mark.parametrize("seed", range(2))
def test_the_baseline_of_children_is_what_the_vendor_holds(shelved: ShelfVillage, seed: int) -> None:
    chance = random.Random(seed)
    for night in range(4):
        write_night(shelved, chance)
        shelved.shelve(contacts=True, extra=chance.choice(WHERES))
        if not night:
            shelved.baseline_empty()
        outcome = shelved.night()
        assert not outcome.failures, outcome.failures
        closes(outcome)
        if outcome.receipts[0].state == "confirmed":
            agrees(shelved, outcome)
    assert len(list(shelved.vendor.iterdir())) > 1


def test_a_returner_is_told_to_a_vendor_that_deactivates(shelved: ShelfVillage) -> None:
    shelved.shelf = Shelf("deactivated")
    shelved.shelve()
    shelved.baseline_empty()
    for here in ((1, 2, 3), (1, 2), (1, 2, 3)):
        shelved.write([student(one) for one in here])
        assert shelved.night().receipts[0].state == "confirmed"
    assert shelved.shelf.away == set()


def test_leavers_are_sent_once_as_rows_of_their_own_and_returners_as_changed(shelved: ShelfVillage) -> None:
    shelved.shelf = Shelf("explicit")
    shelved.shelve(sends="changes")
    shelved.baseline_empty()
    told = []
    for here in ((1, 2, 3), (1, 2), (1, 2, 4), (1, 2, 3, 4)):
        shelved.write([student(one) for one in here])
        counts = shelved.night().receipts[0].counts["members"]
        told.append((counts["delivered"], counts["leaver_rows"], counts["changed"]))
    assert told == [(3, 0, 0), (0, 1, 0), (1, 0, 0), (1, 0, 1)]
    assert shelved.shelf.rows["members"][("3",)]["First"] == "First3"


def test_leavers_cannot_be_sent_from_digests(shelved: ShelfVillage) -> None:
    shelved.shelf = Shelf("explicit")
    shelved.shelve(extra='baseline = "digests"')
    shelved.baseline_empty()
    shelved.write([student(1)])
    with pytest.raises(ConfigError, match=r"deliver\.shelf\.baseline.*can name nobody"):
        shelved.plan()


@pytest.mark.parametrize("absence", ["deleted", "deactivated"])
@pytest.mark.parametrize("order", [Order(only="1"), Order(without_removals=True)])
def test_who_is_missing_cannot_be_spared_where_the_vendor_acts_on_absence(
    shelved: ShelfVillage, absence: str, order: Order
) -> None:
    shelved.shelf = Shelf(absence)
    shelved.shelve()
    shelved.write([student(1), student(2)])
    with pytest.raises(ConfigError, match=f"is {absence} by the vendor"):
        shelved.plan(order=order)


def test_one_record_that_is_not_there_is_an_error(shelved: ShelfVillage) -> None:
    shelved.shelve()
    shelved.write([student(1)])
    with pytest.raises(ConfigError, match=r"--only.*no layout has a row with this key"):
        shelved.plan(order=Order(only="7"))


def test_keys_that_read_the_same_when_joined_stay_two(shelved: ShelfVillage) -> None:
    shelved.shelve(contacts=True)
    shelved.baseline_empty()
    people = [student(1).replace("1", one, 1) for one in ("a/b", "a")]
    people[1] = people[1].replace("s1@", "s2@")
    shelved.write(people, ["c,a/b,Kin,12", "b/c,a,Kin,34"])
    assert shelved.night().receipts[0].counts["contacts"]["delivered"] == 2
    shelved.write(people, ["c,a/b,Kin,12", "b/c,a,Kin,56"])
    outcome = shelved.night()
    assert outcome.receipts[0].counts["contacts"]["changed"] == 1
    agrees(shelved, outcome)


def test_who_opted_out_is_left_out_under_the_id_of_the_source_and_in_order(shelved: ShelfVillage) -> None:
    correction = "[source.map.students.columns]\nstudent_id = { transform = \"'S' || student_id\" }"
    shelved.shelve(source=correction)
    shelved.write([student(one) for one in (5, 3, 4, 1, 2)])
    (shelved.root / "optouts.csv").write_text("id,vendor,reason\n3,,asked\nS1,,asked\n", encoding="utf-8")
    assert shelved.night().receipts[0].counts["members"]["filtered"] == 2
    [box] = shelved.vendor.iterdir()
    assert [line.split(",")[0] for line in (box / "members.csv").read_text().splitlines()[1:]] == [
        "S5",
        "S4",
        "S2",
    ]


def test_one_record_alone_does_not_pass_for_a_changed_mapping_of_all(shelved: ShelfVillage) -> None:
    shelved.shelve()
    shelved.write([student(one) for one in (1, 2, 3)])
    shelved.night()
    shelved.shelve(extra=EDITS[1])
    shelved.night(Order(only="2"))
    difference = shelved.plan(hours=24).layouts[0].difference
    assert (difference["changed"], difference["mapping_changed"]) == (0, 2)


def test_rows_rejected_while_the_mapping_is_edited_are_really_removed(shelved: ShelfVillage) -> None:
    shelved.shelf = Shelf("deleted")
    shelved.shelve()
    shelved.baseline_empty()
    shelved.write([student(one) for one in (1, 2, 3)])
    shelved.night()
    shelved.shelve(extra=EDITS[1])
    shelved.write([student(1), student(2, mail="broken"), student(3)])
    difference = shelved.plan(hours=24).layouts[0].difference
    assert (difference["removed"], difference["mapping_removed"]) == (1, 0)


def test_a_renamed_key_is_held_and_ends_no_plan(shelved: ShelfVillage) -> None:
    shelved.shelve()
    shelved.write([student(one) for one in (1, 2, 3)])
    shelved.night()
    shelved.shelve(extra='[deliver.shelf.map.members.columns]\nId = { rename = "Number" }')
    plan = shelved.plan(hours=24)
    assert [one.rule for one in plan.holds] == ["identifiers changed by the mapping"]
    assert plan.layouts[0].difference["changed"] == 0


def test_a_baseline_that_cannot_be_read_says_what_to_do(shelved: ShelfVillage) -> None:
    shelved.shelve()
    shelved.write([student(1)])
    plan = shelved.night().receipts[0].plan
    (plan.folder / str(plan.layouts[0].next_baseline)).write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="cannot be read; say with `rosterbus baseline`"):
        shelved.plan(hours=1)


def test_a_blank_reference_waits_for_no_parent(
    shelved: ShelfVillage, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = rosterbus_shelf.Contacts.spec
    free = replace(contacts.column("Student"), required=False)
    layouts = (
        rosterbus_shelf.Members.spec,
        replace(contacts.with_columns(free), absence="kept", within=None),
    )
    monkeypatch.setattr(rosterbus_shelf, "layouts", lambda settings: layouts)
    shelved.shelve(contacts=True)
    shelved.write([student(1)], ["k,,Kin,12", "k,1,Kin,12", "k,9,Kin,12"])
    counts = shelved.night().receipts[0].counts["contacts"]
    assert (counts["delivered"], counts["filtered"]) == (2, 1)
