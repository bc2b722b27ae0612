"""Every published rule on cells and rows holds for a good file and stops the one that breaks it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rosterbus.engine import quoted
from rosterbus.errors import ConfigError
from rosterbus.findings import Rule
from rosterbus.layouts import LayoutSpec
from rosterbus.plan.compilation import CompiledLayout, compile_layout
from rosterbus.project import LayoutMap
from rosterbus.roster import vocabulary
from rosterbus.settings import Values
from rosterbus_handshake import layouts
from rosterbus_handshake.accounts import KNOWN
from rosterbus_handshake.published import CLEAR, EDUCATION_LEVELS, REQUIRED_HEADERS, SCHOOL_YEARS

ROSTER = tuple(vocabulary().tables["students"].columns)


@pytest.fixture
def spec(load_settings: Callable[..., Values]) -> LayoutSpec:
    [students] = layouts(load_settings(labels=True, institution_domains=["springfield.edu"]))
    return students


def holds(rule: Rule, cells: Mapping[str, str]) -> bool:
    """Whether a rule is true for a row in which all other cells are blank."""
    row = {**dict.fromkeys(KNOWN, ""), **cells}
    columns = ", ".join(f"? AS {quoted(column)}" for column in row)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {rule.predicate} FROM (SELECT {columns})", list(row.values())
        ).fetchone()
    assert found is not None
    return bool(found[0])


def rule_on(spec: LayoutSpec, words: str) -> Rule:
    [rule] = [rule for rule in spec.rules if words in rule.sentence]
    return rule


def compiled(spec: LayoutSpec) -> CompiledLayout:
    def complain(path: tuple[str, ...], wrong: str, **told: Any) -> ConfigError:
        return ConfigError(f"{path} {wrong}", **told)

    return compile_layout(spec, LayoutMap(), ROSTER, folder=Path(), complain=complain)


def rendered(spec: LayoutSpec, header: str, **roster: str) -> str:
    """The vendor's text of one column for a roster row."""
    row = {**dict.fromkeys(ROSTER, ""), **roster}
    columns = ", ".join(f"? AS {quoted(column)}" for column in row)
    sql = compiled(spec).column(header).sql
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {sql} FROM (SELECT {columns})", list(row.values())).fetchone()
    assert found is not None
    return str(found[0])


def test_the_file_has_every_published_column_and_no_other(spec: LayoutSpec) -> None:
    assert {column.name for column in spec.columns} == KNOWN
    assert all(column.name == column.name.lower() for column in spec.columns)
    assert set(REQUIRED_HEADERS) <= KNOWN


def test_labels_are_not_sent_unless_asked_for(load_settings: Callable[..., Values]) -> None:
    [students] = layouts(load_settings())
    assert KNOWN - {column.name for column in students.columns} == {"system_label_names"}


def test_every_column_is_fed_from_the_roster_vocabulary(load_settings: Callable[..., Values]) -> None:
    for given in ({"labels": True}, {"leavers": "disabled"}, {"alumni": True}):
        [students] = layouts(load_settings(**given))
        assert compiled(students).columns


def test_every_column_and_rule_names_its_source(spec: LayoutSpec) -> None:
    assert all(column.rule.startswith("Handshake, ") for column in spec.columns)
    assert all(rule.source.startswith("Handshake, ") for rule in spec.rules)


def test_the_file_is_plain_utf_8_with_line_feeds_and_within_the_limits(spec: LayoutSpec) -> None:
    dialect = spec.dialect
    assert (dialect.delimiter, dialect.newline, dialect.encoding, dialect.bom) == (",", "\n", "utf-8", False)
    assert (spec.limits.rows, spec.limits.bytes) == (199_999, 49_999_999)


def test_four_columns_may_not_repeat_and_the_username_is_the_identity(spec: LayoutSpec) -> None:
    assert spec.unique == (("auth_identifier",), ("email_address",), ("username",), ("card_id",))
    assert (spec.key, spec.identifiers, spec.absence) == (("username",), ("auth_identifier",), "kept")


GOOD = [
    ("email_address", "ana@example.org"),
    ("username", "0012"),
    ("auth_identifier", ""),
    ("first_name", "Zoë-Ann"),
    ("last_name", "x" * 50),
    ("preferred_name", "Henry VIII"),
    ("school_year_name", "Masters of Business Administration"),
    ("school_year_name", CLEAR),
    ("primary_education:cumulative_gpa", "4.00"),
    ("primary_education:department_gpa", "0.00"),
    ("primary_education:major_names", "Biology;Art History"),
    ("primary_education:education_level_name", "Non-Degree Seeking"),
    ("primary_education:start_date", "2026-08-24"),
    ("primary_education:currently_attending", "TRUE"),
    ("card_id", "000123"),
    ("mobile_number", "2175550123"),
    ("mobile_number", "+12175550123"),
    ("additional_email_addresses", "a@example.org;b@example.com"),
    ("ethnicity", CLEAR),
]
BAD = [
    ("email_address", "", "Missing data"),
    ("email_address", "ana", "Not a valid email"),
    ("email_address", CLEAR, "Not a valid email"),
    ("username", "", "Missing data"),
    ("first_name", "", "Missing data"),
    ("first_name", "Henry 8", "roman numerals"),
    ("middle_name", "x" * 51, "50"),
    ("school_year_name", "senior", "Must be one of"),
    ("school_year_name", "High School", "Must be one of"),
    ("primary_education:education_level_name", "High School", "Must be one of"),
    ("primary_education:cumulative_gpa", "4.01", "4"),
    ("primary_education:cumulative_gpa", "3.999", "decimals"),
    ("primary_education:cumulative_gpa", "-1.00", "0"),
    ("primary_education:major_names", "x" * 256, "255"),
    ("primary_education:minor_names", "Art;;Law", "blank"),
    ("primary_education:start_date", "08/24/2026", "date"),
    ("primary_education:end_date", "2026-8-24", "date"),
    ("primary_education:currently_attending", "True", "boolean"),
    ("disabled", CLEAR, "boolean"),
    ("mobile_number", "(217) 555-0123", "ten-digit"),
    ("mobile_number", "1175550123", "ten-digit"),
    ("mobile_number", "217555012", "ten-digit"),
    ("additional_email_addresses", "a@example.org;b", "email"),
    ("assigned_to_email_address", "advisor", "email"),
]


@pytest.mark.parametrize(("header", "cell"), GOOD)
def test_a_cell_that_handshake_takes_is_valid(spec: LayoutSpec, header: str, cell: str) -> None:
    assert spec.column(header).problems(cell) == ()


@pytest.mark.parametrize(("header", "cell", "message"), BAD)
def test_a_cell_that_handshake_does_not_take_is_stopped(
    spec: LayoutSpec, header: str, cell: str, message: str
) -> None:
    [problem] = spec.column(header).problems(cell)
    assert message in problem


def test_every_published_preset_is_valid(spec: LayoutSpec) -> None:
    assert not any(spec.column("school_year_name").problems(year) for year in SCHOOL_YEARS)
    assert not any(spec.column("education_level_name").problems(level) for level in EDUCATION_LEVELS)


@pytest.mark.parametrize(
    ("words", "good", "bad"),
    [
        ("cannot be", {"username": "1", "first_name": "Ana"}, {"username": "1", "first_name": CLEAR}),
        ("cannot be", {"username": "1"}, {"username": CLEAR}),
        (
            "primary major",
            {
                "primary_education:major_names": "Art;Law",
                "primary_education:primary_major_name": "Law",
            },
            {
                "primary_education:major_names": "Art;Lawn",
                "primary_education:primary_major_name": "Law",
            },
        ),
        (
            "primary college",
            {"primary_education:primary_college_name": ""},
            {"primary_education:primary_college_name": "Science"},
        ),
        (
            "several colleges",
            {"primary_education:college_names": "Arts, Science and Law"},
            {"primary_education:college_names": "Arts, Science;Law"},
        ),
        (
            "on or after",
            {"primary_education:start_date": "2026-08-24", "primary_education:end_date": "2026-08-24"},
            {"primary_education:start_date": "2026-08-24", "primary_education:end_date": "2026-08-23"},
        ),
        ("on or after", {"primary_education:end_date": "2026-08-23"}, None),
        ("an .edu address", {"email_address": "ana@Springfield.edu"}, {"email_address": "a@shelbyville.edu"}),
        (
            "an .edu address",
            {"email_address": "ana@mail.springfield.edu"},
            {"email_address": "a@xspringfield.edu"},
        ),
        ("an .edu address", {"email_address": "ana@example.org"}, None),
    ],
)
def test_a_rule_across_columns_lets_the_good_row_pass_and_stops_the_other(
    spec: LayoutSpec, words: str, good: dict[str, str], bad: dict[str, str] | None
) -> None:
    assert holds(rule_on(spec, words), good)
    assert bad is None or not holds(rule_on(spec, words), bad)


def test_without_the_schools_domains_no_address_is_called_foreign(
    load_settings: Callable[..., Values],
) -> None:
    [students] = layouts(load_settings())
    assert not [rule for rule in students.rules if ".edu" in rule.sentence]


@pytest.mark.parametrize(
    ("header", "roster", "text"),
    [
        ("username", {"student_number": "0012"}, "0012"),
        ("gender", {"gender": "female"}, "Female"),
        ("gender", {"gender": "unspecified"}, ""),
        ("veteran", {"veteran": "true"}, "TRUE"),
        ("veteran", {}, ""),
        ("mobile_number", {"mobile_phone": "(217) 555-0123"}, "2175550123"),
        ("primary_education:cumulative_gpa", {"cumulative_gpa": "3.5"}, "3.50"),
        ("primary_education:major_names", {"majors": "Art|Law"}, "Art;Law"),
        ("disabled", {"status": "inactive"}, ""),
    ],
)
def test_roster_text_becomes_handshakes(
    spec: LayoutSpec, header: str, roster: dict[str, str], text: str
) -> None:
    assert rendered(spec, header, **roster) == text


def test_leavers_are_disabled_only_where_the_school_said_so(load_settings: Callable[..., Values]) -> None:
    [students] = layouts(load_settings(leavers="disabled"))
    assert (students.absence, students.leaver) == ("explicit", {"disabled": "TRUE"})
    assert rendered(students, "disabled", status="active") == "FALSE"
    assert rendered(students, "disabled", status="inactive") == "TRUE"


def test_alumni_carry_the_preset_the_day_they_left_and_attend_no_more(
    load_settings: Callable[..., Values],
) -> None:
    [alumni] = layouts(load_settings(alumni=True))
    assert rendered(alumni, "school_year_name", class_level="Senior") == "Alumni"
    assert alumni.column("end_date").problems("") != ()
    rule = rule_on(alumni, "for alumni")
    assert holds(rule, {"primary_education:currently_attending": "FALSE"})
    assert not holds(rule, {"primary_education:currently_attending": "TRUE"})
