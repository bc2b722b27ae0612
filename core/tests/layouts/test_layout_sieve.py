from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rosterbus.layouts import Column, Direct, boolean, code, date, decimal, email, integer, sieve, text, words

SEARCH = settings(max_examples=150, deadline=None, derandomize=True, database=None)
MUTANTS = settings(SEARCH, max_examples=600, phases=[Phase.generate])

PATTERNS = [
    "",
    "",
    r"[A-Za-z0-9]+",
    r"[^0-9]*",
    r"\d{1,3}-?\w*",
    r"(?:ab|c)+",
    r".{2,4}",
    r"\S+\s?\S*",
    r"[a-z\-]*;?[a-z]*",
]
TRICKY = (
    "aZz09 .,;|-+_@/'\"\n\r\t\x00\x01\x02\x1f\x7f\x80\x85\x9fé\u0301\u00a0\u0661\uff12\u2028\ufffd\U0001f600"
)
LENGTHS = st.none() | st.integers(1, 6)
BOUNDS = st.none() | st.decimals(-50, 50, places=1) | st.integers(-3, 3).map(Decimal)
FORMATS = ["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y %d %m"]

any_text = st.text(st.characters(codec="utf-8"), max_size=8) | st.text(TRICKY, max_size=8)
numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.from_regex(r"[+-]?0{0,2}[0-9]{0,3}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(
        ["1_0", "3.999", "-0", "-0.00", "nan", "inf", ".5", "5.", "9" * 25, "9" * 18 + ".5", "1e999999999"]
    ),
)
dates = st.one_of(
    st.builds(
        "{:04d}{}{:02d}{}{:02d}".format,
        st.integers(0, 9999),
        st.sampled_from("-/."),
        st.integers(0, 13),
        st.sampled_from("-/."),
        st.integers(0, 32),
    ),
    st.builds(lambda day, shape: day.strftime(shape), st.dates(), st.sampled_from(FORMATS)),
    st.sampled_from(
        [
            "2026-1-5",
            "10000-01-01",
            "infinity",
            "epoch",
            "0000-01-01",
            "2025-02-29",
            "2026-01-05 ",
            "99990101",
        ]
    ),
)
addresses = st.one_of(
    st.emails(),
    st.from_regex(r"[a-z.+-]{1,5}@[a-z.-]{0,70}\.[a-z0-9]{1,4}", fullmatch=True),
    st.sampled_from(
        ["a@b", "a@b.c", "a@b_c.org", "a@-b.org", "a@b-.org", "a..b@example.org", f"a@{'b' * 64}.org"]
    ),
)
listed = st.lists(st.sampled_from(["Art", "History", "", " ", "a", "é", "Art;", "abcdefg"]), max_size=4).map(
    ";".join
)
texts = st.lists(
    any_text | numbers | dates | addresses | listed | st.sampled_from(["Art", "true", "TRUE", "F"]),
    max_size=12,
)


@st.composite
def columns(draw, kind):
    limits = {"required": draw(st.booleans())}
    if kind in {"text", "code", "words", "email"}:
        lengths = sorted(length for length in (draw(LENGTHS), draw(LENGTHS)) if length)
        limits |= dict(zip(["longest", "shortest"], reversed(lengths), strict=False))
        limits |= {"pattern": draw(st.sampled_from(PATTERNS)), "single_line": draw(st.booleans())}
        limits["choices"] = draw(st.sampled_from([(), (), ("Art", "é", "F"), ("Art", "abcdefg", "a;b", "9")]))
    if kind == "words":
        limits["joiner"] = draw(st.sampled_from([";", ",", "; ", ";;", "|"]))
    if kind == "date":
        limits["format"] = draw(st.sampled_from(FORMATS))
    if kind == "boolean":
        limits |= draw(st.sampled_from([{}, {"true": "TRUE", "false": "FALSE"}, {"true": "9", "false": "F"}]))
    if kind in {"integer", "decimal"}:
        limits |= {"minimum": draw(BOUNDS), "maximum": draw(BOUNDS)}
    if kind == "decimal":
        limits["places"] = draw(st.sampled_from([None, 0, 2, 9]))
    return Column(name="Column", attribute="column", kind=kind, source=Direct("x"), **limits)


def assert_honest(evaluate, column, candidates):
    verdicts = evaluate(column.surely_valid("t"), candidates)
    assert None not in verdicts
    lies = [
        text for text, surely in zip(candidates, verdicts, strict=True) if surely and column.problems(text)
    ]
    assert not lies, f"{column} passes {lies}"


@pytest.mark.parametrize("kind", ["text", "code", "email", "words", "date", "boolean", "integer", "decimal"])
def test_what_is_surely_valid_is_valid(evaluate, kind):
    @SEARCH
    @given(columns(kind), texts)
    def search(column, candidates):
        assert_honest(evaluate, column, candidates)

    search()


PLANTED = {
    "a length too long": ("text", lambda c, x: [f"strlen({x}) <= {(c.longest or 8) + 1}"]),
    "no look at the characters": ("text", lambda c, x: ["true", *sieve._lengths(c, x)]),
    "a pattern beyond ASCII": (
        "text",
        lambda c, x: [f"regexp_full_match({x}, '{c.pattern or '[^1-9]*'}')", *sieve._lengths(c, x)],
    ),
    "choices of any case": ("code", lambda c, x: [f"lower({x}) IN ('art', 'é', 'f')"]),
    "any sort of address": ("email", lambda c, x: [f"regexp_full_match({x}, '.+@.+')"]),
    "blank entries": ("words", lambda c, x: [sieve._characters(c, x), *sieve._lengths(c, x)]),
    "whatever is a date": ("date", lambda c, x: [f"TRY_CAST({x} AS DATE) IS NOT NULL"]),
    "an unpadded date": ("date", lambda c, x: [f"try_strptime({x}, '{c.format}') IS NOT NULL"]),
    "words of any case": ("boolean", lambda c, x: [f"lower({x}) IN ('true', 'false')"]),
    "whatever is a number": ("integer", lambda c, x: [f"TRY_CAST({x} AS BIGINT) IS NOT NULL"]),
    "no bounds": ("integer", lambda c, x: [f"CAST(TRY_CAST({x} AS BIGINT) AS VARCHAR) = {x}"]),
    "rounded decimals": ("decimal", lambda c, x: [f"TRY_CAST({x} AS DECIMAL(18, 2)) IS NOT NULL"]),
}


@pytest.mark.parametrize("error", PLANTED)
def test_an_error_planted_in_the_sieve_is_found(evaluate, monkeypatch, error):
    kind, planted = PLANTED[error]
    monkeypatch.setitem(sieve._SIEVES, kind, planted)

    @MUTANTS
    @given(columns(kind), texts)
    def search(column, candidates):
        assert_honest(evaluate, column, candidates)

    with pytest.raises(AssertionError, match="passes"):
        search()


TYPICAL = [
    (text("Name", longest=50), ["", "Maria", "José", "Nguyễn", 'O\'Neil, "Jo"', "two\nlines", "李"]),
    (text("Name", required=True), ["Maria", "Ñandú"]),
    (text("Id", pattern=r"[A-Za-z0-9]+", longest=20, required=True), ["S0001", "7"]),
    (text("Name", pattern=r"[^0-9]*"), ["Maria", "Mary Ann"]),
    (text("Level", choices=("Senior", "Masters")), ["", "Senior"]),
    (code("Gender", match="gender", codes={"female": "F", "male": "M"}, required=True), ["F", "M"]),
    (email("Email", required=True), ["a.b+c@example.org", "x_1@mail.k12.example.edu"]),
    (words("Majors", joiner=";", longest=255), ["Art", "Art;Art History;Ökologie"]),
    (words("Race", joiner=";", choices=("White", "Asian")), ["White;Asian"]),
    (words("Codes", joiner=";", pattern="[0-9]+"), ["12"]),
    (date("Birth"), ["2010-02-28", "", "0999-01-01"]),
    (date("Birth", format="%m/%d/%Y", required=True), ["02/28/2010"]),
    (boolean("Athlete", true="TRUE", false="FALSE"), ["TRUE", "FALSE", ""]),
    (integer("Year", minimum=1900, maximum=2100), ["2026"]),
    (integer("Any"), ["0", "-5"]),
    (decimal("GPA", places=2, minimum=0, maximum=4), ["3.50", "0.00", "4.00", ""]),
    (decimal("Any"), ["3.5", "12"]),
]


@pytest.mark.parametrize(
    ("column", "values"), TYPICAL, ids=lambda value: value.kind if isinstance(value, Column) else ""
)
def test_typical_values_never_reach_the_law(evaluate, column, values):
    assert evaluate(column.surely_valid("t"), values) == [True] * len(values)


def test_a_null_is_never_surely_valid(evaluate):
    assert [evaluate(column.surely_valid("t"), [None]) for column, _ in TYPICAL] == [[False]] * len(TYPICAL)


def test_a_mapping_failure_is_never_surely_valid(evaluate):
    assert [evaluate(column.surely_valid("t"), ["\x01failed"]) for column, _ in TYPICAL] == [[False]] * len(
        TYPICAL
    )
