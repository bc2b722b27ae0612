"""Odd exports, odd mappings and odd sources: a plan stays exact, or says what is wrong."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import rosterbus_village
from rosterbus.engine import open_engine
from rosterbus.errors import PluginError
from rosterbus.extracts import Mapped, Relation
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.relations import roster_columns
from rosterbus.plan.rendering import joined_key
from village_kit import Village, student

DELIVER = "contacts = false"
UPPER = "\n[deliver.drop.map.students.columns]\nfirst_name = {transform='upper(first_name)'}"
HEADER = "id,first,last,mail,born,school,class"


def raw(village: Village, header: str, *lines: str) -> None:
    village.export.mkdir(exist_ok=True)
    text = "\n".join([header, *lines, ""])
    (village.export / "students.csv").write_text(text, encoding="utf-8", newline="\n")


def mapped_by(monkeypatch: pytest.MonkeyPatch, change) -> None:
    """Let the source map as another version of itself would."""
    honest = rosterbus_village.map

    @hookimpl
    def map(settings, tables):
        return change(honest(settings=settings, tables=tables))

    monkeypatch.setattr(rosterbus_village, "map", map)


def resaid(old: str, new: str):
    def change(mapped: Mapped) -> Mapped:
        first, *others = mapped.relations
        assert old in first.sql
        made = Relation(first.table, first.sql.replace(old, new), first.lead, first.origins, first.members)
        return Mapped([made, *others], mapped.unused)

    return change


@pytest.mark.parametrize(
    "name",
    ["extra_'s", "extra_a.b", "extra_ü", "extra_select", "extra_;--", "extra_x y", "extra_\\"],
)
def test_columns_of_any_name_are_carried(village: Village, name: str) -> None:
    header = name.replace('"', '""')
    raw(village, f'{HEADER},"{header}"', f"{student(1)},here")
    column = name.replace("\\", "\\\\").replace('"', '\\"')
    village.pipeline(deliver=f'{DELIVER}\n[deliver.drop.map.students.columns]\n"{column}" = "{column}"')
    receipt = village.run().receipts[0]
    assert receipt.state == "confirmed", receipt.because
    assert (village.vendor / "20261120-1" / "students.csv").read_text(encoding="utf-8").endswith(",here\n")


def test_three_hundred_columns_are_carried(village: Village) -> None:
    extra = [f"extra_{number}" for number in range(300)]
    raw(village, ",".join([HEADER, *extra]), ",".join([student(1), *(["x"] * 300)]))
    columns = "\n".join(f'{name} = "{name}"' for name in extra)
    village.pipeline(deliver=f"{DELIVER}\n[deliver.drop.map.students.columns]\n{columns}")
    assert village.run().receipts[0].counts["students"]["delivered"] == 1
    assert village.run(hours=1).receipts[0].state == "nothing new"


def test_a_placeholder_in_every_row_is_rejected_row_by_row(village: Village) -> None:
    village.write([student(number, mail="none@example.org") for number in range(1, 20_001)])
    village.pipeline(deliver=DELIVER)
    plan = village.plan()
    assert plan.layouts[0].counts["rejected"] == 20_000
    [(message,)] = duckdb.sql(
        f"SELECT DISTINCT message FROM read_parquet('{plan.folder}/problems.students.parquet')"
    ).fetchall()
    assert message == "`Mail` must be unique; it is repeated in rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more"


def test_many_different_bad_values_are_each_judged(village: Village) -> None:
    village.write([student(number, mail=f"bad {number}") for number in range(1, 5001)])
    village.pipeline(deliver=DELIVER)
    assert dict(village.plan().layouts[0].problems) == {"Mail": 5000}


def test_a_failed_correction_fails_whatever_is_made_of_it(village: Village) -> None:
    village.write([student(1, grade="05"), student(2, grade="77")])
    village.pipeline(
        extra='[source.map.students.columns]\ngrade = { match = "grade", codes = { "05" = "5" } }',
        deliver=DELIVER + "\n[deliver.drop.map.students.columns]\n"
        "grade = { transform = \"CASE WHEN grade = '5' THEN 'five' ELSE 'other' END\" }",
    )
    plan = village.plan()
    assert dict(plan.layouts[0].problems) == {"Grade": 1}


def test_a_key_that_depends_on_the_day_is_refused(village: Village) -> None:
    village.write([student(1)])
    village.pipeline(
        deliver=DELIVER + "\n[deliver.drop.map.students.columns]\n"
        'student_id = { transform = "student_id || CAST(today() AS VARCHAR)" }'
    )
    with pytest.raises(Exception, match=r"v\.toml, line \d+.*cannot depend on the day"):
        village.plan()


def test_a_connector_that_maps_otherwise_is_judged_by_its_former_sql(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.write([student(number) for number in range(1, 41)])
    village.pipeline(deliver=DELIVER)
    village.run()
    mapped_by(monkeypatch, resaid("first AS first_name", "lower(first) AS first_name"))
    village.write([student(1, grade="06"), *(student(number) for number in range(2, 41))])
    difference = village.plan(hours=24).layouts[0].difference
    assert (difference["changed"], difference["mapping_changed"]) == (1, 39)
    assert difference["mapping_columns"] == ("First",)


def test_a_former_sql_that_no_longer_fits_is_held(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    raw(village, f"{HEADER},extra_bus", *(f"{student(number)},x" for number in range(1, 41)))
    village.pipeline(deliver=DELIVER)
    village.run()
    village.write([student(number) for number in range(1, 42)])
    plan = village.plan(hours=24)
    assert "mapping edited" in {one.rule for one in plan.holds}


def test_two_layouts_of_one_relation_each_have_their_former_roster(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    import rosterbus_drop

    twice = (
        rosterbus_drop.Students.spec,
        replace(rosterbus_drop.Students.spec, name="alumni", file="alumni.csv"),
    )
    monkeypatch.setattr(rosterbus_drop, "layouts", lambda settings: twice)
    village.write([student(number) for number in range(1, 41)])
    village.pipeline(deliver=DELIVER)
    village.run()
    mapped_by(monkeypatch, resaid("first AS first_name", "lower(first) AS first_name"))
    plan = village.plan(hours=24)
    assert [one.difference["recipe_failed"] for one in plan.layouts] == [False, False]
    assert [one.difference["mapping_changed"] for one in plan.layouts] == [40, 40]


@pytest.mark.parametrize("clock", ["today()", "current_date", "now()"])
def test_a_source_that_asks_the_engines_clock_is_refused(
    village: Village, monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    village.write([student(1)])
    village.pipeline(deliver=DELIVER)
    mapped_by(monkeypatch, resaid("'active' AS status", f"CAST({clock} AS VARCHAR) AS status"))
    with pytest.raises(PluginError, match=r"asks the engine's own clock.*rosterbus\.today\(\)"):
        village.plan()


def test_a_source_may_ask_for_the_day_of_the_run(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    village.write([student(1)])
    village.pipeline(deliver=DELIVER + '\n[deliver.drop.map.students.columns]\nDay = "status"')
    mapped_by(monkeypatch, resaid("'active' AS status", "CAST(rosterbus.today() AS VARCHAR) AS status"))
    village.run()
    assert (village.vendor / "20261120-1" / "students.csv").read_text().endswith(",2026-11-20\n")


def test_a_source_that_maps_to_something_else_is_named(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.write([student(1)])
    village.pipeline(deliver=DELIVER)
    mapped_by(monkeypatch, lambda mapped: list(mapped.relations))
    with pytest.raises(PluginError, match="source:village answered `map` with list"):
        village.plan()


def test_a_column_rowid_is_refused(tmp_path: Path) -> None:
    with open_engine(tmp_path) as connection:
        relation = Relation("students", "SELECT 2 AS _row, 'x' AS student_id, 'y' AS RowId", lead="users")
        with pytest.raises(PluginError, match="a column `rowid`, which the engine keeps"):
            roster_columns(connection, Mapped([relation]), {"students"})


def test_other_keys_join_to_other_texts() -> None:
    parts = ["a", "a/", "/a", "\\", "\\/", "a\\", "", "/", "//"]
    values = ", ".join(f"('{x}', '{y}')" for x in parts for y in parts)
    distinct = f"SELECT count(DISTINCT {joined_key(['x', 'y'])}) FROM (VALUES {values}) AS t(x, y)"
    assert duckdb.sql(distinct).fetchall() == [(len(parts) ** 2,)]
