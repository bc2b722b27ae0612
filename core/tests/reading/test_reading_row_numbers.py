"""Every row keeps its number in the file, whatever stands before it."""

import random

import pytest
from rosterbus.extracts import Delimited
from rosterbus.reading import load_table


def test_numbers_stay_true_after_a_line_break_a_blank_line_and_a_malformed_record(load, rows):
    lines = ["id,name,grade"]
    lines += [f"s{number},Ada,09" for number in range(2, 5)]
    lines += ['s5,"Ada\nLovelace",09', "", "s7,Ada,09", "s8,Ada,09", "s9,Ada,09", "s10,Ada,09,too,long"]
    lines += [f"s{number},Ada,10" for number in range(11, 15)]
    loaded = load("\n".join(lines) + "\n")
    assert [(number, key) for number, key, *_ in rows()] == [
        (number, f"s{number}") for number in (2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14)
    ]
    assert [(problem.row, problem.kind) for problem in loaded.problems] == [(10, "too-many-columns")]
    assert (loaded.read, loaded.raw.rows, loaded.rejected) == (12, 11, 1)


def test_malformed_records_blank_lines_and_blank_keys_in_any_order_leave_true_numbers(load, rows):
    chance = random.Random(7)
    lines, expected, problems, blank = ["id,name"], [], {}, 0
    for number in range(2, 3000):
        kind = chance.choices(["plain", "quoted", "blank", "long", "short", "no key"], [50, 20, 5, 5, 5, 5])[
            0
        ]
        if kind in ("plain", "quoted"):
            expected.append((number, str(number), "x" if kind == "plain" else 'x\n"y", z'))
        blank += kind == "blank"
        problems |= {number: kind} if kind in ("long", "short", "no key") else {}
        lines.append(
            {
                "plain": f"{number},x",
                "quoted": f'{number},"x\n""y"", z"',
                "blank": "",
                "long": f"{number},x,x",
                "short": f"{number}",
                "no key": " ,x",
            }[kind]
        )
    loaded = load("\n".join(lines), key="id")
    assert rows() == expected
    kinds = {"long": "too-many-columns", "short": "missing-columns", "no key": "no-key"}
    assert [(p.row, p.kind) for p in loaded.problems] == [(n, kinds[kind]) for n, kind in problems.items()]
    assert loaded.rejected == len(problems)
    assert loaded.read == 2998 - blank


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_long_clean_file_is_read_by_the_engine_in_file_order(engine, load, read_by_engine, newline):
    lines = ["id,name,note"] + [f's{n},"Zoë {n}","a{newline}""b"", c"' for n in range(2, 200_002)]
    loaded = load(newline.join(lines) + newline)
    assert read_by_engine()
    assert (loaded.read, loaded.rejected, loaded.problems, loaded.findings) == (200_000, 0, (), ())
    wrong = f"id <> 's' || _row OR name <> 'Zoë ' || _row OR note <> 'a{newline}\"b\", c'"
    assert engine.execute(f"SELECT count(*) FROM raw.students WHERE {wrong}").fetchone() == (0,)
    numbers = engine.execute("SELECT _row FROM raw.students").fetchall()
    assert numbers == sorted(numbers)


def test_blank_lines_before_the_header_count(load, rows):
    load("\n\nid,name\ns4,Ada\n")
    assert rows() == [(4, "s4", "Ada")]


def test_blank_lines_at_the_end_leave_the_file_to_the_engine(load, rows, read_by_engine):
    loaded = load("id,name\ns2,Ada\n\n\n")
    assert rows() == [(2, "s2", "Ada")]
    assert read_by_engine()
    assert loaded.read == 1


def test_a_row_number_is_a_bigint_and_every_column_text_in_file_order(engine, load):
    load("zeta,id\n007,1.0\n")
    described = engine.execute("DESCRIBE raw.students").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == [
        ("_row", "BIGINT"),
        ("zeta", "VARCHAR"),
        ("id", "VARCHAR"),
    ]
    assert engine.execute("FROM raw.students").fetchall() == [(2, "007", "1.0")]


def test_blank_is_the_empty_text_and_words_for_nothing_are_words(load, rows):
    load('id,name\n1,\n,""\nNULL,\\N\n')
    assert rows() == [(2, "1", ""), (3, "", ""), (4, "NULL", "\\N")]


def test_loading_again_replaces_the_table(load, rows):
    load("id,name\n1,Ada\n2,Bob,too long\n")
    load("id,grade,school\n9,09,a\n")
    assert rows() == [(2, "9", "09", "a")]


def test_the_table_answers_when_the_engine_is_locked(engine, load, rows):
    load("id,name\n1,Ada\n")
    engine.execute("SET enable_external_access = false")
    engine.execute("SET lock_configuration = true")
    assert rows() == [(2, "1", "Ada")]


@pytest.mark.parametrize(
    "place",
    [
        'it\'s a "name" of ours.csv',
        "[2026]?.csv",
        "c0=2026/x.csv",
        "x.csv.gz",
        "x{a,b}.csv",
        "ümläut $1.csv",
    ],
)
def test_only_the_named_file_is_read(engine, tmp_path, place):
    path = tmp_path / "exports of today" / place
    path.parent.mkdir(parents=True)
    path.write_text("id,name\n1,Ada\n", encoding="utf-8", newline="")
    (path.parent / "2.csv").write_text("id,name\n2,Bob\n", encoding="utf-8", newline="")
    loaded = load_table(engine, 'a "table"', Delimited(path, path.name))
    assert loaded.raw.columns == ("id", "name")
    assert engine.execute('FROM raw."a ""table"""').fetchall() == [(2, "1", "Ada")]


def test_a_path_that_would_be_taken_for_a_pattern_is_not_given_to_the_engine(
    engine, tmp_path, read_by_engine
):
    (tmp_path / "a*.csv").write_text("id,name\n1,Ada\n", encoding="utf-8", newline="")
    (tmp_path / "ab.csv").write_text("id,name\n", encoding="utf-8", newline="")
    load_table(engine, "students", Delimited(tmp_path / "a*.csv", "a*.csv"))
    assert not read_by_engine()


def test_the_name_of_a_folder_is_no_value(engine, tmp_path, rows, read_by_engine):
    path = tmp_path / "c0=2026" / "x.csv"
    path.parent.mkdir()
    path.write_text("id,name\n1,Ada\n", encoding="utf-8", newline="")
    load_table(engine, "students", Delimited(path, "x.csv"))
    assert rows() == [(2, "1", "Ada")]
    assert read_by_engine()


def test_a_blank_line_is_no_blank_cell_even_in_a_single_column(load, rows):
    loaded = load('id\n1\n\n""\n5\n')
    assert rows() == [(2, "1"), (4, ""), (5, "5")]
    assert loaded.read == 3
