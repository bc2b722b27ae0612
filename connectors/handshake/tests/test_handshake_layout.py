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


NAMES = ("first_name", "last_name", "middle_name", "preferred_name")
BOOLEANS = (
    "primary_education:currently_attending", "work_study_eligible", "athlete", "first_generation", "veteran",
    "eu_gdpr_subject", "disabled",
)  # fmt: skip
AVERAGES = ("primary_education:cumulative_gpa", "primary_education:department_gpa")
DATES = ("primary_education:start_date", "primary_education:end_date")
SUBJECTS = (
    "primary_education:major_names",
    "primary_education:minor_names",
    "primary_education:primary_major_name",
)
ONE_LINE = (
    "username", "auth_identifier", *NAMES, "primary_education:primary_major_name",
    "primary_education:primary_college_name", "campus_name", "card_id", "ethnicity", "gender",
    "hometown_location_attributes:name",
)  # fmt: skip
SENSITIVE = {*AVERAGES, "ethnicity", "gender", "work_study_eligible", "first_generation", "veteran"}
GOOD = [
    *((name, text) for name in NAMES for text in ("x" * 50, "Zoë-Ann", "Henry VIII")),
    *((name, word) for name in BOOLEANS for word in ("TRUE", "FALSE", "")),
    *((name, text) for name in AVERAGES for text in ("0.00", "4.00", CLEAR)),
    *((name, text) for name in DATES for text in ("2028-02-29", CLEAR)),
    *((name, "x" * 255) for name in SUBJECTS),
    ("assigned_to_email_address", CLEAR),
    ("additional_email_addresses", CLEAR),
    ("mobile_number", CLEAR),
    ("system_label_names", "cohort;first year"),
    ("primary_education:college_names", "Arts;Law"),
    ("email_address", "ana@example.org"),
    ("username", "0012"),
    ("auth_identifier", ""),
    ("school_year_name", "Masters of Business Administration"),
    ("school_year_name", CLEAR),
    ("primary_education:major_names", "Biology;Art History"),
    ("primary_education:education_level_name", "Non-Degree Seeking"),
    ("card_id", "000123"),
    ("mobile_number", "2175550123"),
    ("mobile_number", "+12175550123"),
    ("additional_email_addresses", "a@example.org;b@example.com"),
    ("ethnicity", CLEAR),
]
BAD = [
    *((name, "x" * 51, "Longer than maximum length 50.") for name in NAMES),
    *((name, "Henry 8", "Must not contain digits; write roman numerals.") for name in NAMES),
    *((name, "a\nb", "Must not contain line breaks.") for name in ONE_LINE),
    *((name, "x" * 256, "Longer than maximum length 255.") for name in SUBJECTS),
    *(
        (name, word, "Not a valid boolean; allowed: TRUE, FALSE.")
        for name in BOOLEANS
        for word in ("True", "true", "1", CLEAR)
    ),
    *((name, cell, "less than or equal to 4.") for name in AVERAGES for cell in ("4.01", "-0.01")),
    *((name, "3.999", "Not a valid number with at most 2 decimals.") for name in AVERAGES),
    *(
        (name, day, "Not a valid date; needed: yyyy-mm-dd.")
        for name in DATES
        for day in ("08/24/2026", "2026-8-24", "2027-02-29")
    ),
    ("email_address", "", "Missing data"),
    ("email_address", "ana", "Not a valid email"),
    ("email_address", CLEAR, "Not a valid email"),
    ("username", "", "Missing data"),
    ("first_name", "", "Missing data"),
    ("school_year_name", "senior", "Must be one of: Freshman, Sophomore"),
    ("school_year_name", "High School", "Must be one of"),
    ("primary_education:education_level_name", "High School", "Must be one of"),
    ("primary_education:minor_names", "Art;;Law", "blank"),
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


def test_only_published_requirements_are_required_and_private_cells_stay_private(spec: LayoutSpec) -> None:
    assert {one.name for one in spec.columns if one.required} == {"email_address", "username", "first_name"}
    assert {one.name for one in spec.columns if one.sensitive} == SENSITIVE
    lists = {one.name for one in spec.columns if one.kind == "words" and one.joiner == ";"}
    assert lists == {
        "additional_email_addresses", "primary_education:major_names", "primary_education:minor_names",
        "primary_education:college_names", "system_label_names",
    }  # fmt: skip


def test_every_published_preset_is_valid(spec: LayoutSpec) -> None:
    assert not any(spec.column("school_year_name").problems(year) for year in SCHOOL_YEARS)
    assert not any(spec.column("education_level_name").problems(level) for level in EDUCATION_LEVELS)


@pytest.mark.parametrize(
    ("words", "good", "bad"),
    [
        ("first_name must be filled", {"first_name": "Ana"}, {"first_name": CLEAR}),
        ("username must be filled", {"username": "1"}, {"username": CLEAR}),
        (
            "username is the e-mail address or",
            {"username": "1", "card_id": "2"},
            {"username": "1", "card_id": "1"},
        ),
        (
            "username is the e-mail address or",
            {"username": "1", "email_address": "a@example.org"},
            {"username": "a@example.org", "email_address": "a@example.org"},
        ),
        (
            "primary_major_name must be",
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
            "primary_college_name must be",
            {
                "primary_education:college_names": "Arts;Law",
                "primary_education:primary_college_name": "Law",
            },
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
        ("on or after", {DATES[0]: "2026-08-24", DATES[1]: CLEAR}, None),
        ("on or after", {DATES[0]: CLEAR, DATES[1]: "2026-08-24"}, None),
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
    assert alumni.column("end_date").problems("") == ("Missing data for required field.",)
    assert alumni.column("end_date").problems(CLEAR) == ("Not a valid date; needed: yyyy-mm-dd.",)
    rule = rule_on(alumni, "for alumni, unless they stay")
    assert rule.severity == "warn"
    assert holds(rule, {"primary_education:currently_attending": "FALSE"})
    assert not holds(rule, {"primary_education:currently_attending": "TRUE"})
