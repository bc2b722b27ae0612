"""Every function that a mapping may call, with an example that is a test and a line of the reference page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

EXAMPLE_TODAY = date(2026, 11, 20)
EXAMPLE_ROW: Mapping[str, str] = {
    "student_id": "S-1001",
    "first_name": "Zoë",
    "middle_name": "",
    "last_name": "O’Núñez",
    "preferred_first_name": "",
    "email": "Zoe.Nunez@example.org",
    "card_id": "4711",
    "phone": "(312) 555-0142",
    "birth_date": "2011-03-09",
    "grade": "09",
    "status": "active",
    "cumulative_gpa": "3.456",
    "labels": "band|chess",
}


@dataclass(frozen=True)
class Parameter:
    """`kind` is text, number, date, condition, any, constant (text in single quotes) or size (0 to 1000)."""

    name: str
    kind: str
    optional: bool
    repeated: bool


@dataclass(frozen=True)
class FunctionDoc:
    """One function; `signature` says what it takes: ``name?`` optional, ``name...`` repeated, else text.

    `gives` is the kind of its result. `example` has `result` on EXAMPLE_ROW and EXAMPLE_TODAY. `enroll` is
    the name of the transformation type of SchoolMint Enroll that it stands for. A `strict` one fails the cell
    where it cannot use a value.
    """

    signature: str
    gives: str
    meaning: str
    example: str
    result: str
    enroll: str = ""
    strict: bool = False

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        inside = self.signature.partition("(")[2].removesuffix(")")
        return tuple(_parameter(part) for part in inside.split(", ") if part)


def _parameter(part: str) -> Parameter:
    name, _, kind = part.partition(": ")
    return Parameter(name.rstrip("?."), kind or "text", name.endswith("?"), name.endswith("..."))


_TRANSFORMATIONS = (
    FunctionDoc(
        "format_date(text, source: constant, target: constant)",
        "text",
        "a date, read by one format, written by the other; any other text fails, a blank stays blank",
        "format_date(birth_date, 'YYYY-MM-DD', 'MM/DD/YYYY')",
        "03/09/2011",
        "Date",
        strict=True,
    ),
    FunctionDoc(
        "today()", "date", "the day of the run in the pipeline's time zone", "today()", "2026-11-20", "Today"
    ),
    FunctionDoc("lower(text)", "text", "small letters", "lower(email)", "zoe.nunez@example.org", "Lower"),
    FunctionDoc("upper(text)", "text", "capital letters", "upper(first_name)", "ZOË", "Upper"),
    FunctionDoc("direct(column)", "text", "the value as it is", "direct(student_id)", "S-1001", "Direct"),
    FunctionDoc(
        "value(text: constant)", "text", "the same text in every row", "value('K12')", "K12", "Value Input"
    ),
    FunctionDoc(
        "join(delimiter: constant, texts...: any)",
        "text",
        "the texts that are not blank, with the delimiter between them",
        "join(', ', last_name, middle_name, first_name)",
        "O’Núñez, Zoë",
        "Join",
    ),
    FunctionDoc(
        "pick(texts...: any)",
        "text",
        "the first text that is not blank",
        "pick(preferred_first_name, first_name)",
        "Zoë",
        "Pick",
    ),
    FunctionDoc(
        "split(text, around: constant, fragment: number)",
        "text",
        "the fragment around the characters, counted from 1, or from -1 at the end; blank if none",
        "split(labels, '|', 2)",
        "chess",
        "Split",
    ),
    FunctionDoc(
        "substitute(text, find: constant, replacement: constant)",
        "text",
        "every occurrence replaced",
        "substitute(labels, '|', ', ')",
        "band, chess",
        "Substitute",
    ),
    FunctionDoc(
        "if_then_else(test: condition, then: any, otherwise: any)",
        "text",
        "one value where the condition is true, the other everywhere else",
        "if_then_else(status = 'active', 'A', 'I')",
        "A",
        "If Then Else",
    ),
    FunctionDoc(
        "phone(text, format: constant)",
        "text",
        "a North American number as '9999999999' or '(999) 999-9999'; any other fails, a blank stays blank",
        "phone(phone, '9999999999')",
        "3125550142",
        "Phone Number",
        strict=True,
    ),
    FunctionDoc(
        "school_year(format?: constant, day?: date)",
        "text",
        "the school year (from 1 July) of the day, or of today, as YYYY-YYYY (if not said), YYYY-YY, start "
        "or end",
        "school_year('YYYY-YY')",
        "2026-27",
        "Enroll School Year",
    ),
    FunctionDoc(
        "match_codes(text, codes...: constant)",
        "text",
        "pairs of code and value, and perhaps a last value for all others, without which they fail; "
        "a blank stays blank unless '' is among the codes",
        "match_codes(grade, '09', 'Freshman', '10', 'Sophomore', 'Other')",
        "Freshman",
        "Match Codes",
        strict=True,
    ),
    FunctionDoc(
        "transliterate(text)",
        "text",
        "letters without accents, apostrophe, dash and space only; other scripts than Latin stay",
        "transliterate(last_name)",
        "O'Nunez",
        "Transliterate",
    ),
)

_ORDINARY = (
    FunctionDoc("trim(text, characters?)", "text", "without spaces at both ends", "trim('  a ')", "a"),
    FunctionDoc("ltrim(text, characters?)", "text", "without spaces at the start", "ltrim('007', '0')", "7"),
    FunctionDoc("rtrim(text, characters?)", "text", "without spaces at the end", "rtrim('a. ', '. ')", "a"),
    FunctionDoc(
        "lpad(text, length: size, fill: constant)",
        "text",
        "filled up at the start; never cut, and a blank stays blank",
        "lpad(card_id, 9, '0')",
        "000004711",
    ),
    FunctionDoc(
        "rpad(text, length: size, fill: constant)",
        "text",
        "filled up at the end; never cut, and a blank stays blank",
        "rpad(grade, 4, '.')",
        "09..",
    ),
    FunctionDoc(
        "substr(text, start: number, length?: number)",
        "text",
        "the part from a character on, counted from 1",
        "substr(student_id, 3)",
        "1001",
    ),
    FunctionDoc("left(text, count: number)", "text", "the first characters", "left(first_name, 1)", "Z"),
    FunctionDoc("right(text, count: number)", "text", "the last characters", "right(student_id, 4)", "1001"),
    FunctionDoc(
        "replace(text, find: constant, replacement: constant)",
        "text",
        "every occurrence replaced",
        "replace(student_id, '-', '')",
        "S1001",
    ),
    FunctionDoc(
        "translate(text, characters: constant, replacements: constant)",
        "text",
        "each character exchanged for the one at the same place, or dropped",
        "translate(phone, '() -', '')",
        "3125550142",
    ),
    FunctionDoc("strip_accents(text)", "text", "letters without accents", "strip_accents(first_name)", "Zoe"),
    FunctionDoc(
        "concat(texts...: any)", "text", "one after the other", "concat(grade, '/', status)", "09/active"
    ),
    FunctionDoc(
        "coalesce(values...: any)",
        "any",
        "the first value that is there; a blank text is not",
        "coalesce(middle_name, 'none')",
        "none",
    ),
    FunctionDoc(
        "nullif(text, blank)", "text", "blank where both are the same", "nullif(grade, '09') || 'x'", ""
    ),
    FunctionDoc("length(text)", "number", "how many characters", "length(first_name)", "3"),
    FunctionDoc(
        "contains(text, part)",
        "condition",
        "whether the part is in the text",
        "contains(labels, 'chess')",
        "true",
    ),
    FunctionDoc(
        "starts_with(text, part)",
        "condition",
        "whether it starts so",
        "starts_with(student_id, 'S-')",
        "true",
    ),
    FunctionDoc(
        "ends_with(text, part)",
        "condition",
        "whether it ends so",
        "ends_with(email, '@example.com')",
        "false",
    ),
    FunctionDoc(
        "regexp_matches(text, pattern: constant)",
        "condition",
        "whether the RE2 pattern is found in the text",
        "regexp_matches(student_id, '^S-[0-9]+$')",
        "true",
    ),
    FunctionDoc(
        "regexp_extract(text, pattern: constant, group?: size)",
        "text",
        "what the RE2 pattern found, or one group of it; blank if nothing",
        "regexp_extract(email, '@(.+)$', 1)",
        "example.org",
    ),
    FunctionDoc(
        "regexp_replace(text, pattern: constant, replacement: constant, options?: constant)",
        "text",
        "the first find of the RE2 pattern replaced, all with option 'g', any case with 'i'",
        "regexp_replace(phone, '[^0-9]', '', 'g')",
        "3125550142",
    ),
    FunctionDoc(
        "strptime(text, format: constant)",
        "date",
        "a date read by a format, to compute with; any other text fails",
        "strptime('3/9/2011', 'MM/DD/YYYY') + 1",
        "2011-03-10",
        strict=True,
    ),
    FunctionDoc(
        "try_strptime(text, format: constant)",
        "date",
        "the same, where any other text is blank",
        "try_strptime(status, 'MM/DD/YYYY')",
        "",
    ),
    FunctionDoc(
        "strftime(day: date, format: constant)",
        "text",
        "a date written by a format",
        "strftime(TRY_CAST(birth_date AS DATE), 'MMMM D, YYYY')",
        "March 9, 2011",
    ),
    FunctionDoc(
        "year(day: date)", "number", "the year of a date", "year(TRY_CAST(birth_date AS DATE))", "2011"
    ),
    FunctionDoc(
        "month(day: date)", "number", "the month of a date", "month(TRY_CAST(birth_date AS DATE))", "3"
    ),
    FunctionDoc("day(day: date)", "number", "the day of the month", "day(TRY_CAST(birth_date AS DATE))", "9"),
    FunctionDoc(
        "round(number: number, digits?: size)",
        "number",
        "rounded, halves away from zero",
        "round(TRY_CAST(cumulative_gpa AS DECIMAL(5, 3)), 2)",
        "3.46",
    ),
    FunctionDoc("floor(number: number)", "number", "the next whole number below", "floor(9.5)", "9"),
    FunctionDoc("ceil(number: number)", "number", "the next whole number above", "ceil(9.5)", "10"),
    FunctionDoc("abs(number: number)", "number", "without its sign", "abs(3 - 5)", "2"),
)

FUNCTIONS: Mapping[str, FunctionDoc] = {doc.name: doc for doc in (*_TRANSFORMATIONS, *_ORDINARY)}
