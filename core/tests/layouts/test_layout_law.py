from decimal import Decimal

import marshmallow
import pytest
from rosterbus.layouts import boolean, code, date, decimal, email, integer, text, words

INVALID = [
    (boolean("Athlete"), "yes", "Not a valid boolean; allowed: true, false."),
    (boolean("Athlete", true="TRUE", false="FALSE"), "true", "Not a valid boolean; allowed: TRUE, FALSE."),
    (boolean("Athlete", true="{1}", false="0"), "1", "Not a valid boolean; allowed: {1}, 0."),
    (decimal("GPA", places=2), "3.999", "Not a valid number with at most 2 decimals."),
    (decimal("GPA", places=2), "3.5", "Not a valid number with at most 2 decimals."),
    (decimal("GPA"), "1e2", "Not a valid number."),
    (decimal("GPA"), "9e999999999", "Not a valid number."),
    (decimal("GPA"), "NaN", "Not a valid number."),
    (decimal("GPA"), "007", "Not a valid number."),
    (decimal("GPA"), "+3", "Not a valid number."),
    (decimal("GPA"), "1_0", "Not a valid number."),
    (decimal("GPA", places=2), "9" * 40, "Not a valid number with at most 2 decimals."),
    (date("Birth"), "2026-1-5", "Not a valid date; needed: yyyy-mm-dd."),
    (date("Birth"), "20260105", "Not a valid date; needed: yyyy-mm-dd."),
    (date("Birth"), "2026-W01-1", "Not a valid date; needed: yyyy-mm-dd."),
    (date("Birth"), "2025-02-29", "Not a valid date; needed: yyyy-mm-dd."),
    (
        date("Birth", format="%m/%d/%Y"),
        "1/5/2026",
        "Not a valid date; needed: yyyy-mm-dd, which is sent as mm/dd/yyyy.",
    ),
    (
        date("Birth", format="%m/%d/%Y"),
        "2026-01-05",
        "Not a valid date; needed: yyyy-mm-dd, which is sent as mm/dd/yyyy.",
    ),
    (
        date("Birth", format="%m %d %Y"),
        "01  05 2026",
        "Not a valid date; needed: yyyy-mm-dd, which is sent as mm dd yyyy.",
    ),
    (integer("Year"), "1_0", "Not a valid integer."),
    (integer("Year"), "+5", "Not a valid integer."),
    (integer("Year"), "007", "Not a valid integer."),
    (integer("Year"), " 5", "Not a valid integer."),
    (integer("Year"), "5.0", "Not a valid integer."),
    (integer("Year"), "\u0665", "Not a valid integer."),
    (integer("Year"), "9" * 5000, "Not a valid integer."),
    (email("Email"), "maria@example", "Not a valid email address."),
    (email("Email", pattern=r"[a-z.@]+"), "m+x@example.org", "String does not match expected pattern."),
    (email("Email", longest=10), "maria@example.org", "Longer than maximum length 10."),
    (text("Name", longest=3), "Maria", "Longer than maximum length 3."),
    (text("Name", shortest=3), "Jo", "Shorter than minimum length 3."),
    (text("Name", choices=("Senior", "Junior")), "senior", "Must be one of: Senior, Junior."),
    (code("Gender", match="gender", codes={"female": "F"}), "X", "Must be one of: F."),
    (text("Name", pattern="[^0-9]*", pattern_says="No digits {0-9}."), "R2", "No digits {0-9}."),
    (text("Name", single_line=True), "a\nb", "Must not contain line breaks."),
    (
        integer("Grade", minimum=1, maximum=12),
        "13",
        "Must be greater than or equal to 1 and less than or equal to 12.",
    ),
    (decimal("GPA", places=1, maximum="4.5"), "4.6", "Must be less than or equal to 4.5."),
    (words("Majors", joiner=";"), "Art;;Law", "An entry is blank."),
    (words("Majors", joiner=";", longest=3), "Art;Laws;Arts", "Longer than maximum length 3."),
    (words("Race", joiner=";", choices=("White",)), "White;Blue", "Must be one of: White."),
    (words("Majors", joiner=";"), "\x02a|b;c", "An entry contains the separator ';'."),
]


@pytest.mark.parametrize(("column", "value", "message"), INVALID)
def test_what_is_not_written_exactly_is_invalid(column, value, message):
    assert column.problems(value) == (message,)


VALID = [
    (text("Name", longest=3), "Ñañ"),
    (text("Name"), "two\r\nlines"),
    (email("Email"), "maria.o@example.org"),
    (date("Birth"), "2024-02-29"),
    (date("Birth", format="%m/%d/%Y"), "01/05/2026"),
    (boolean("Athlete", true="Y", false="N"), "N"),
    (decimal("GPA", places=2), "3.50"),
    (decimal("GPA"), "12345678901234567890.123456789012345678901"),
    (integer("Year", minimum=-5), "-5"),
    (code("Gender", match="gender", codes={"female": "F"}, unmatched={"default": "U"}), "U"),
    (code("Gender", match="gender", codes={"female": "F"}, unmatched="keep"), "X"),
    (code("Level", match="grade", codes="codes/level.csv"), "Senior"),
    (words("Majors", joiner="; "), "Art; Law"),
]


@pytest.mark.parametrize(("column", "value"), VALID)
def test_what_the_vendor_takes_is_valid(column, value):
    assert column.problems(value) == ()


@pytest.mark.parametrize(
    "column",
    [
        date("Left", direct="exit_date", also=("**CLEAR**",)),
        date("Left", direct="exit_date", format="%m/%d/%Y", also=("**CLEAR**",)),
        decimal("GPA", direct="gpa", places=2, maximum=4, also=("**CLEAR**",)),
        boolean("Athlete", direct="athlete", true="Y", false="N", also=("**CLEAR**",)),
        words("Mails", direct="mails", joiner=";", pattern=".+@.+", also=("**CLEAR**",)),
    ],
    ids=lambda column: column.kind,
)
def test_a_word_of_the_vendors_own_is_valid_beside_what_the_kind_takes(evaluate, column):
    assert evaluate(column.render("t"), ["**CLEAR**"]) == ["**CLEAR**"]
    assert column.problems("**CLEAR**") == ()
    assert column.problems("**Clear**") != ()


@pytest.mark.parametrize("function", [text, email, words, boolean, date, decimal, integer])
def test_a_blank_is_valid_unless_it_is_required(function):
    assert function("Column").problems("") == ()
    for blank in ("", "  ", "\t\r\n "):
        assert function("Column", required=True).problems(blank) == ("Missing data for required field.",)


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\t", "\x0b", "\x1f", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize(
    "column",
    [text("Name"), words("Names"), code("Level", match="grade", codes="levels.csv")],
    ids=lambda c: c.kind,
)
def test_control_characters_are_refused(column, sign):
    assert column.problems(f"{sign}a") == ("Must not contain control characters.",)


def test_an_address_with_control_characters_is_refused():
    assert "Must not contain control characters." in email("Email").problems('"a\x01b"@example.org')


def test_no_message_tells_the_value():
    secret = "Zq7"
    columns = [column for column, _, _ in INVALID]
    messages = [message for column in columns for message in column.problems(f"{secret}\x03;{secret}")]
    assert messages
    assert not [message for message in messages if secret in message]


def test_every_limit_that_is_broken_is_told():
    column = text("Id", longest=3, pattern="[a-z]+", choices=("abc",))
    assert column.problems("ABCD") == (
        "Longer than maximum length 3.",
        "String does not match expected pattern.",
        "Must be one of: abc.",
    )


def test_a_field_is_an_ordinary_marshmallow_field():
    columns = [
        date("day", format="%m/%d/%Y"),
        decimal("gpa", places=2),
        words("majors", joiner=";"),
        boolean("athlete"),
    ]
    schema = marshmallow.Schema.from_dict({column.name: column.field() for column in columns})()
    row = {"day": "01/05/2026", "gpa": "3.50", "majors": "Art;Law", "athlete": "true"}
    loaded = schema.load(row)
    assert (loaded["gpa"], loaded["majors"], loaded["athlete"]) == (Decimal("3.50"), ["Art", "Law"], True)
    assert schema.dump(loaded) == {**row, "athlete": True}
    with pytest.raises(marshmallow.ValidationError):
        schema.load({**row, "gpa": "3.5"})
