"""The roster vocabulary is whole: documented, keyed, resolved, wide enough for schools and universities."""

import subprocess
import sys

import pytest
from rosterbus.roster import RosterColumn, RosterTable, vocabulary

TABLES = vocabulary().tables
COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns.values()]
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
every_column = pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{table.name}.{column.name}" for table, column in COLUMNS]
)


def test_has_the_twelve_tables_of_a_roster():
    assert list(TABLES) == [
        "schools", "terms", "courses", "sections", "students", "school_enrollments", "enrollments",
        "guardians", "student_guardians", "staff", "staff_assignments", "registrations",
    ]  # fmt: skip


def test_is_versioned_and_read_only_once():
    assert vocabulary().version.count(".") == 1
    assert vocabulary() is vocabulary()


@every_column
def test_every_column_is_documented(table: RosterTable, column: RosterColumn):
    assert len(column.meaning) > 8
    assert not column.meaning.endswith(".")
    assert column.origin.split()[0] in {"CEDS", "Ed-Fi", "OneRoster", "rosterbus"}
    assert column.type in {"text", "date", "boolean", "list", "code", "decimal"}


@every_table
def test_every_table_is_documented_and_its_key_exists(table: RosterTable):
    assert table.title
    assert table.about.endswith(".")
    assert table.key
    assert set(table.key) <= set(table.columns)


@every_table
def test_every_reference_stands_in_a_column_and_leads_to_a_table_with_one_key_column(table: RosterTable):
    for column, target in table.references.items():
        assert column in table.columns
        assert len(TABLES[target].key) == 1


@every_column
def test_every_code_set_that_is_named_exists(table: RosterTable, column: RosterColumn):
    assert column.codes is None or vocabulary().codes[column.codes].values
    assert (column.codes is not None) >= (column.type == "code")


@every_column
def test_only_dates_have_bounds_and_every_begin_and_end_says_which(table: RosterTable, column: RosterColumn):
    assert column.bound is None or column.type == "date"
    if column.type == "date" and column.name.rpartition("_")[0].endswith(
        ("start", "begin", "entry", "end", "exit")
    ):
        assert column.bound is not None


def test_ends_of_memberships_are_exclusive():
    ends = [TABLES["enrollments"].columns["end_date"], TABLES["school_enrollments"].columns["exit_date"]]
    assert [end.bound for end in ends] == ["exclusive", "exclusive"]


def test_grades_run_from_infancy_to_university():
    grades = vocabulary().codes["grade"].values
    assert grades[:5] == ("IT", "PR", "PK", "TK", "KG")
    assert grades[5:18] == tuple(f"{number:02}" for number in range(1, 14))
    assert grades[18:] == ("PS", "UG", "Other")


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(
            ("grade", "school_number", "state_id", "birth_date", "home_language", "race"), id="K-12"
        ),
        pytest.param(
            ("class_level", "majors", "cumulative_gpa", "colleges", "campus", "advisor_email"),
            id="university",
        ),
    ],
)
def test_students_of_schools_and_of_universities_are_described(columns: tuple[str, ...]):
    assert set(columns) <= set(TABLES["students"].columns)


def test_every_guardian_column_but_the_status_stands_in_the_pairs_too():
    guardian = set(TABLES["guardians"].columns) - {"status"}
    assert guardian <= set(TABLES["student_guardians"].columns)


def test_reading_it_imports_nothing_heavy():
    probe = "import sys, rosterbus.roster as r; r.vocabulary(); print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"duckdb", "marshmallow", "sqlalchemy"} & set(answer.stdout.split())
