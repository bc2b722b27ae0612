"""What a change set makes of a table of the mirror, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights_kit import Nights, Row, changed, table, whole
from rosterbus.errors import ConnectorError, HeldError, PluginError
from rosterbus.extracts import Changes, Completeness, Extract, Rows
from rosterbus.mirror import load_changes

ANN, BEN, CAL = ({"id": name, "grade": "5"} for name in ("ann", "ben", "cal"))
GONE = "state = 'gone'"


def test_rows_keep_their_place_and_new_ones_come_last(nights: Nights) -> None:
    nights.night(whole(ANN, BEN))
    after = nights.night(changed({"id": "dot", "grade": "1"}, {"id": "ann", "grade": "6"}, CAL))
    assert after == [{"id": "ann", "grade": "6"}, BEN, {"id": "dot", "grade": "1"}, CAL]
    assert nights.origins() == [
        ("ann", "changes.csv", 3), ("ben", "people.csv", 3), ("dot", "changes.csv", 2), ("cal", "changes.csv", 4),
    ]  # fmt: skip


def test_a_change_set_that_lacks_a_column_leaves_its_cells_alone(nights: Nights) -> None:
    nights.night(whole({"id": "ann", "grade": "5", "mail": "a@example.org"}))
    after = nights.night(changed({"id": "ann", "grade": "6"}, {"id": "ben", "grade": "1"}))
    assert after == [
        {"id": "ann", "grade": "6", "mail": "a@example.org"},
        {"id": "ben", "grade": "1", "mail": ""},
    ]


def test_a_new_column_is_blank_for_those_who_were_there_before(nights: Nights) -> None:
    nights.night(whole(ANN, BEN))
    after = nights.night(changed({"ID": "ben", "phone": "555"}, key=("ID",)))
    assert after == [ANN | {"phone": ""}, BEN | {"phone": "555"}]


def test_deleted_keys_leave_the_mirror_and_come_back_at_its_end(nights: Nights) -> None:
    nights.night(whole(ANN, BEN, CAL))
    after = nights.night(
        changed({"id": "ann", "state": "gone"}, {"id": "nobody", "state": "gone"}, deleted=GONE)
    )
    assert [row["id"] for row in after] == ["ben", "cal"]
    assert nights.counts == {"upserted": 0, "deleted": 2, "renamed": 0, "repeated": 0, "older": 0}
    after = nights.night(changed({"id": "ann", "state": ""}, deleted=GONE))
    assert [row["id"] for row in after] == ["ben", "cal", "ann"]


def test_of_a_repeated_key_the_last_row_wins_and_the_others_are_counted(nights: Nights) -> None:
    nights.night(whole(ANN))
    rows = [{"id": "ann", "grade": grade} for grade in ("7", "8", "6")]
    assert nights.night(changed(*rows)) == [{"id": "ann", "grade": "6"}]
    assert nights.counts == {"upserted": 1, "deleted": 0, "renamed": 0, "repeated": 2, "older": 0}


def test_the_tables_of_a_change_set_go_over_the_mirror_one_after_the_other(nights: Nights) -> None:
    nights.night(whole(ANN))
    tables = [
        table({"id": "ann", "grade": "7"}, BEN, file="1.csv"),
        table({"id": "ann", "grade": "8"}, file="2.csv"),
    ]
    after = nights.night(Extract({"people": Changes(tables, ("id",))}))
    assert after == [{"id": "ann", "grade": "8"}, BEN]
    assert nights.counts["upserted"] == 3
    assert nights.origins() == [("ann", "2.csv", 2), ("ben", "1.csv", 3)]


@pytest.mark.parametrize("cell", ["", "  ", "\t"])
def test_a_blank_key_is_rejected_at_the_border(nights: Nights, cell: str) -> None:
    nights.night(whole(ANN | {"school": "1"}))
    after = nights.night(
        changed({"id": "ann", "school": cell, "grade": "6"}, BEN | {"school": "1"}, key=("id", "school"))
    )
    assert [row["id"] for row in after] == ["ann", "ben"]
    assert nights.last is not None
    (problem,) = nights.last.problems
    assert (problem.file, problem.row, problem.column, problem.kind) == ("changes.csv", 2, "school", "no-key")


def test_a_key_of_several_columns_is_a_key_as_a_whole(nights: Nights) -> None:
    nights.night(whole(ANN | {"school": "1"}, ANN | {"school": "2"}))
    after = nights.night(changed({"id": "ann", "school": "2", "grade": "9"}, key=("id", "school")))
    assert [row["grade"] for row in after] == ["5", "9"]


def test_a_key_that_changes_keeps_its_row_and_the_cells_that_were_not_sent(nights: Nights) -> None:
    nights.night(whole(ANN | {"mail": "a@example.org"}, BEN | {"mail": "b@example.org"}))
    rename = {"id": "anna", "grade": "6", "was": "ann"}
    after = nights.night(changed(rename, former="was"))
    assert after[0] == {"id": "anna", "grade": "6", "mail": "a@example.org", "was": "ann"}
    assert [row["id"] for row in after] == ["anna", "ben"]
    assert (nights.counts["renamed"], nights.counts["upserted"]) == (1, 1)


def test_two_keys_that_become_one_are_one_person(nights: Nights) -> None:
    nights.night(whole(ANN | {"mail": "a@example.org"}, BEN | {"mail": "b@example.org"}))
    after = nights.night(changed({"id": "ben", "grade": "6", "was": "ann"}, former="was"))
    assert [(row["id"], row["grade"], row["mail"]) for row in after] == [("ben", "6", "b@example.org")]


def test_a_row_older_than_what_the_mirror_has_changes_nothing(nights: Nights) -> None:
    at = {"newer": "TRY_CAST(seen AS TIMESTAMP)", "deleted": GONE}
    nights.night(
        whole(
            *(
                {**one, "state": "", "seen": when}
                for one, when in ((ANN, "2026-05-02"), (BEN, ""), (CAL, "?"))
            )
        )
    )
    late = [
        {"id": name, "grade": "6", "state": "", "seen": "2026-05-01T10:00:00Z"}
        for name in ("ann", "ben", "cal")
    ]
    after = nights.night(changed(*late, **at))
    assert [row["grade"] for row in after] == ["5", "6", "6"]
    assert (nights.counts["older"], nights.counts["upserted"]) == (1, 2)
    gone = [
        {"id": name, "state": "gone", "seen": when}
        for name, when in (("ann", "2026-05-01"), ("ben", "2026-06-01"))
    ]
    after = nights.night(changed(*gone, **at))
    assert [row["id"] for row in after] == ["ann", "cal"]
    assert (nights.counts["older"], nights.counts["deleted"]) == (1, 1)


def test_of_a_repeated_key_the_newest_row_wins_where_rows_tell(nights: Nights) -> None:
    nights.night(whole({"id": "ann", "grade": "5", "seen": ""}))
    rows = [
        {"id": "ann", "grade": grade, "seen": at}
        for grade, at in (("7", "2026-05-02"), ("6", "2026-05-01"), ("8", ""))
    ]
    after = nights.night(changed(*rows, newer="TRY_CAST(seen AS DATE)"))
    assert after[0]["grade"] == "7"


def test_a_change_set_without_a_row_changes_nothing_and_is_no_oddity(nights: Nights) -> None:
    nights.night(whole(ANN))
    assert nights.night(changed(columns="id grade")) == [ANN]
    assert nights.last is not None
    assert nights.last.findings == []


def test_other_tables_of_the_mirror_stay_beside_a_change_set_and_go_with_a_full_extract(
    nights: Nights,
) -> None:
    both = Extract(
        {"people": table(ANN), "Schools 1/2": table({"id": "s"}, file="schools.csv")}, mirrored=True
    )
    nights.night(both)
    nights.night(changed(BEN))
    assert nights.last is not None
    assert list(nights.last.tables) == ["people", "Schools 1/2"]
    assert nights.held("Schools-1-2") == 1
    nights.night(whole(ANN))
    assert list(nights.last.tables) == ["people"]


def test_a_table_that_is_whole_takes_the_place_of_the_former_beside_a_change_set(nights: Nights) -> None:
    nights.night(Extract({"people": table(ANN, BEN), "schools": table({"id": "s"})}, mirrored=True))
    changes = Changes([table({"id": "t"})], ("id",))
    assert nights.night(Extract({"people": table(CAL), "schools": changes})) == [CAL]
    assert nights.held("schools") == 2


def test_a_merged_table_is_as_complete_as_its_base_unless_the_source_says_otherwise(nights: Nights) -> None:
    base = Completeness("complete", "everybody was counted")
    nights.night(Extract({"people": Rows([["id"], ["ann"]], "people.csv", base)}, mirrored=True))
    nights.night(changed(BEN))
    assert nights.last is not None
    assert nights.last.tables["people"].completeness == base
    partial = Completeness("partial", "some were left out")
    nights.night(changed(CAL, completeness=partial))
    nights.night(changed(ANN))
    assert nights.last.tables["people"].completeness == partial


def test_what_begins_from_nothing_is_of_unknown_completeness(nights: Nights) -> None:
    nights.night(changed(ANN, from_nothing=True))
    assert nights.last is not None
    assert nights.last.tables["people"].completeness.level == "unknown"


def test_a_change_set_needs_something_that_it_can_change(nights: Nights) -> None:
    with pytest.raises(
        HeldError, match=r"only changes of `people` \(changes.csv\).*give a full extract first"
    ):
        nights.night(changed(ANN))


def test_a_mirror_without_the_key_of_a_change_set_asks_for_a_full_extract(nights: Nights) -> None:
    nights.night(whole({"name": "ann"}))
    with pytest.raises(ConnectorError, match=r"has no column `id`.*full extract"):
        nights.night(changed(ANN))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"deleted": "nowhere = 'x'"}, "changes of `people` fails: BinderException"),
        ({"newer": "nowhere"}, "changes of `people` fails: BinderException"),
        ({"key": ()}, "needs a table and a key"),
        ({"key": ("id", "grade"), "former": "was"}, "a key of one column to change it"),
    ],
)
def test_what_a_source_declares_wrongly_is_its_fault(nights: Nights, how: dict[str, Any], told: str) -> None:
    nights.night(whole(ANN | {"was": ""}))
    with pytest.raises(PluginError, match=told):
        nights.night(changed(ANN | {"was": ""}, **how))


PEOPLE = [f"p{number}" for number in range(5)]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


EVENT = st.fixed_dictionaries(
    {
        "id": st.sampled_from(PEOPLE),
        "grade": st.sampled_from("1234"),
        "state": st.sampled_from(["", "", "", "gone"]),
        "was": st.sampled_from(["", "", *PEOPLE]),
    }
)


def told_one_by_one(held: dict[str, Row], events: list[Row]) -> None:
    """What a log says, event by event."""
    for event in events:
        if event["was"] not in ("", event["id"]):
            held.pop(event["was"], None)
        held.pop(event["id"], None)
        if not event["state"]:
            held[event["id"]] = event


@settings(max_examples=100, deadline=None)
@given(logs=st.lists(st.lists(EVENT, max_size=6), min_size=1, max_size=3))
def test_any_log_gives_what_its_events_say_one_by_one(
    engine: duckdb.DuckDBPyConnection, logs: list[list[Row]]
) -> None:
    engine.execute("DROP SCHEMA IF EXISTS mirror CASCADE; CREATE SCHEMA mirror")
    held: dict[str, Row] = {}
    for events in logs:
        told_one_by_one(held, events)
        arriving = table(*events, columns="id grade state was")
        log = Changes([arriving], ("id",), deleted=GONE, former="was", from_nothing=True)
        loaded, _ = load_changes(engine, "people", log, None)
        after = engine.execute("SELECT id, grade, state, was FROM raw.people").fetchall()
        assert {row[0]: row for row in after} == {
            key: tuple(row[name] for name in ("id", "grade", "state", "was")) for key, row in held.items()
        }
        assert len(after) == len(held)
        counts = loaded.changes or {}
        assert counts["upserted"] + counts["deleted"] + counts["repeated"] == len(events)
