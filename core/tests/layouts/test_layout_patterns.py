import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosterbus.layouts import text
from rosterbus.layouts.patterns import read_pattern

REFUSED = {
    "^a": "an anchor",
    "a$": "an anchor",
    r"a\Z": "an escape",
    r"\bword": "an escape",
    r"(a)\1": "an escape",
    r"\x41": "an escape",
    r"\pL": "an escape",
    r"\Qa\E": "an escape",
    "(?i)a": "a group of that kind",
    "(?=a)b": "a group of that kind",
    "(?<!a)b": "a group of that kind",
    "(?P<name>a)": "a group of that kind",
    "(?>a)": "a group of that kind",
    "a*+": "a repeat of a repeat",
    "a++": "a repeat of a repeat",
    "a{2}+": "a repeat of a repeat",
    "a{,3}": "a brace",
    "a{": "a brace",
    "a{1001}": "a brace",
    "a{1,99999}": "a brace",
    "(a{500}){3}": "a counted repeat of a group",
    "((a{2}b)c){2}": "a counted repeat of a group",
    "[[:alpha:]]": "a bracket within brackets",
    "[a&&b]": "a doubled sign",
    "[a--b]": "a doubled sign",
    "[]a]": "a bracket right after",
    "(a": "not a regular expression",
    "a)": "not a regular expression",
    "[a": "not a regular expression",
    "*a": "not a regular expression",
    "[z-a]": "not a regular expression",
    "a\\": "an escape",
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_python_and_the_engine_read_differently_is_refused(pattern):
    with pytest.raises(ValueError, match=REFUSED[pattern]):
        read_pattern(pattern)


def test_a_column_tells_what_is_wrong_with_its_pattern():
    with pytest.raises(TypeError, match=r"column 'Id': the pattern '\^a' has, at character 1, an anchor"):
        text("Id", pattern="^a")


@pytest.mark.parametrize(
    "pattern", [r"[A-Za-z0-9]+", r"\d{3}-\d{4}", r"[a-zA-Z0-9\-_+.@]{5,100}", "(?:a|b)*c?"]
)
def test_a_pattern_of_printable_signs_needs_no_second_look(pattern):
    assert read_pattern(pattern).printable


@pytest.mark.parametrize("pattern", [r"[^0-9]*", ".", r"\D", r"\S", r"\s", r"[\W]", "é", "[À-ÿ]", "a\tb"])
def test_a_pattern_that_others_can_match_is_not_called_printable(pattern):
    assert not read_pattern(pattern).printable


def test_digits_and_letters_are_those_of_ascii():
    assert text("Id", pattern=r"\d+").problems("\u0661") == ("String does not match expected pattern.",)
    assert text("Id", pattern=r"\w+").problems("é") == ("String does not match expected pattern.",)


def test_a_last_line_break_is_not_overlooked():
    assert text("Id", pattern=r"[a-z]+").problems("abc\n") == ("String does not match expected pattern.",)


atoms = st.sampled_from(
    [
        "a",
        "B",
        "7",
        "-",
        "_",
        "é",
        ".",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        r"\.",
        r"\-",
        r"\]",
        r"\[",
        r"\{",
        r"\\",
        "[a-f0-9]",
        "[^a-f]",
        r"[\d\-x]",
        r"[^\w]",
        "[.]",
        "[a|b]",
        "[ -~]",
        "[^]",
        "[*+?]",
        "[a-]",
        "[(){}]",
        "/",
        "~",
        "&",
    ]
)
repeats = st.sampled_from(["", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,}", "{2,}?"])
pieces = st.builds("{}{}".format, atoms, repeats)
sequences = st.lists(pieces, min_size=1, max_size=3).map("".join)
patterns = st.recursive(
    sequences,
    lambda inner: st.one_of(
        st.builds("({}|{}){}".format, inner, inner, repeats), st.builds("(?:{}){}".format, inner, repeats)
    ),
    max_leaves=4,
)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6) | st.text(
    "aB7-_. []{}\\", max_size=6
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(patterns, st.lists(printable, min_size=3, max_size=8), st.data())
def test_python_and_the_engine_agree_on_every_pattern_that_is_allowed(evaluate, pattern, texts, data):
    try:
        allowed = read_pattern(pattern)
    except ValueError:
        return
    near = data.draw(st.lists(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True), max_size=3))
    texts += [text for text in near if text.isprintable() and text.isascii()]
    literal = pattern.replace("'", "''")
    engine = evaluate(f"regexp_full_match(t, '{literal}')", texts)
    assert engine == [allowed.whole.match(text) is not None for text in texts]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(patterns, st.data())
def test_nothing_else_matches_a_pattern_called_printable(pattern, data):
    try:
        allowed = read_pattern(pattern)
    except ValueError:
        return
    if allowed.printable:
        found = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
        assert re.fullmatch("[ -~]*", found)
