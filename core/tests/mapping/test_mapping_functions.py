"""What each function means, tried on rows in the locked engine."""

from __future__ import annotations

from datetime import date

import pytest
from rosterbus.errors import ConfigError
from rosterbus.mapping import FAILED, FUNCTIONS, compile_expression, install_functions

ENROLL = {
    "Date",
    "Today",
    "Lower",
    "Upper",
    "Direct",
    "Value Input",
    "Join",
    "Pick",
    "Split",
    "Substitute",
    "If Then Else",
    "Phone Number",
    "Enroll School Year",
    "Match Codes",
    "Transliterate",
}


@pytest.mark.parametrize("doc", FUNCTIONS.values(), ids=lambda doc: doc.name)
def test_the_example_of_a_function_gives_its_result(evaluate, doc):
    assert evaluate(doc.example) == doc.result


def test_every_example_calls_its_own_function():
    for doc in FUNCTIONS.values():
        assert f"{doc.name}(" in doc.example


def test_every_transformation_type_of_enroll_is_there_once():
    named = [doc.enroll for doc in FUNCTIONS.values() if doc.enroll]
    assert sorted(named) == sorted(ENROLL)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("format_date(birth_date, '%Y-%m-%d', '%m/%d/%y')", "03/09/11"),
        ("format_date(birth_date, 'YYYY-MM-DD', 'M/D/YYYY')", "3/9/2011"),
        ("format_date(birth_date, 'YYYY-MM-DD', 'MMM D, YYYY')", "Mar 9, 2011"),
        ("format_date('9 March 2011', 'D MMMM YYYY', 'YYYYMMDD')", "20110309"),
        ("format_date(' 3/9/2011 ', 'MM/DD/YYYY', 'YYYY-MM-DD')", "2011-03-09"),
        ("format_date('2026-01-02T03:04:05', 'YYYY-MM-DDTHH:mm:ss', 'HH:mm')", "03:04"),
        ("format_date('', 'MM/DD/YYYY', 'YYYY-MM-DD')", ""),
        ("format_date('03/09/11', 'MM/DD/YYYY', 'YYYY-MM-DD')", FAILED),
        ("format_date('02/30/2011', 'MM/DD/YYYY', 'YYYY-MM-DD')", FAILED),
        ("format_date('soon', 'MM/DD/YYYY', 'YYYY-MM-DD')", FAILED),
        ("format_date('2011-03-09 10:00', 'YYYY-MM-DD', 'YYYY-MM-DD')", FAILED),
        ("try_strptime('2026-01-02 03:04', 'YYYY-MM-DD HH:mm')", "2026-01-02 03:04:00"),
        ("strftime(try_strptime('2026-01-02 03:04', 'YYYY-MM-DD HH:mm'), '%H')", "03"),
    ],
)
def test_a_date_is_read_by_one_format_and_written_by_another(evaluate, text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("format_text", "sentence"),
    [
        ("DD.MM", "a date cannot be read without its year; found DD.MM"),
        ("MM/YYYY", "a date cannot be read without its day"),
        ("mm/dd/yyyy", "this is no date format; found d in mm/dd/yyyy"),
        ("%Q", "this is no date format; found %Q"),
        ("%", "this is no date format; found %"),
        ("", "this is no date format; found nothing"),
        ("//", "this is no date format; found //"),
    ],
)
def test_a_source_format_that_says_too_little_or_nothing_is_refused(format_text, sentence):
    text = f"format_date(birth_date, '{format_text}', 'YYYY')"
    with pytest.raises(ConfigError) as refusal:
        compile_expression(text, columns=["birth_date"])
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["format_date(birth_date, 'YYYY-MM-DD', 'YYYY-MM-DD HH:mm')", "strftime(today(), 'HH')"],
)
def test_a_time_is_never_made_up(text):
    with pytest.raises(ConfigError, match="the date has no hour"):
        compile_expression(text, columns=["birth_date"])


def test_join_leaves_blank_parts_out(evaluate):
    assert (
        evaluate("join(' ', first_name, middle_name, last_name)", first_name="Ana", last_name="Li")
        == "Ana Li"
    )


def test_join_of_blanks_is_blank(evaluate):
    assert evaluate("join(', ', middle_name, preferred_first_name)") == ""


def test_pick_of_blanks_is_blank(evaluate):
    assert evaluate("pick(middle_name, preferred_first_name)") == ""


@pytest.mark.parametrize(("fragment", "value"), [(1, "a"), (3, "c"), (4, ""), (-1, "c")])
def test_split_counts_fragments_from_either_end(evaluate, fragment, value):
    assert evaluate(f"split(labels, '|', {fragment})", labels="a|b|c") == value


@pytest.mark.parametrize(
    ("cell", "plain", "written"),
    [
        ("3125550142", "3125550142", "(312) 555-0142"),
        ("(312) 555-0142", "3125550142", "(312) 555-0142"),
        ("+1 312.555.0142", "3125550142", "(312) 555-0142"),
        ("1-312-555-0142", "3125550142", "(312) 555-0142"),
        ("", "", ""),
        ("555-0142", FAILED, FAILED),
        ("312-555-0142 ext. 7", FAILED, FAILED),
        ("unlisted", FAILED, FAILED),
    ],
)
def test_a_phone_number_is_rewritten_or_fails(evaluate, cell, plain, written):
    assert evaluate("phone(phone, '9999999999')", phone=cell) == plain
    assert evaluate("phone(phone, '(999) 999-9999')", phone=cell) == written


@pytest.mark.parametrize(
    ("day", "years"), [("2026-06-30", "2025-2026"), ("2026-07-01", "2026-2027"), ("2026-12-31", "2026-2027")]
)
def test_a_school_year_starts_on_the_first_of_july(evaluate, day, years):
    assert evaluate(f"school_year('YYYY-YYYY', DATE '{day}')") == years


def test_a_school_year_has_four_forms(evaluate):
    forms = ["YYYY-YYYY", "YYYY-YY", "start", "end"]
    assert [evaluate(f"school_year('{form}')") for form in forms] == ["2026-2027", "2026-27", "2026", "2027"]
    assert evaluate("school_year()") == "2026-2027"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("09", "Freshman"), ("", ""), ("12", FAILED)],
)
def test_match_codes_without_a_last_value_fails_on_an_unknown_code(evaluate, cell, value):
    assert evaluate("match_codes(grade, '09', 'Freshman', '10', 'Sophomore')", grade=cell) == value


def test_match_codes_may_name_the_blank(evaluate):
    assert evaluate("match_codes(grade, '', 'none', 'other')", grade="") == "none"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("Łukasz Straße", "Lukasz Strasse"),
        ("José María Ñandú", "Jose Maria Nandu"),
        ("Æsa Øyvind Đorđe", "AEsa Oyvind Dorde"),
        ("D’Arcy–Smith", "D'Arcy-Smith"),
        ("Zoe\u0308 Jr. 3", "Zoe Jr "),
        ("李明", "李明"),
        ("हिन्दी!", "हिन्दी"),
        ("", ""),
    ],
)
def test_transliterate_keeps_letters_apostrophe_dash_and_space(evaluate, cell, value):
    assert evaluate("transliterate(first_name)", first_name=cell) == value


def test_padding_makes_no_id_out_of_a_blank_and_cuts_nothing(evaluate):
    assert evaluate("lpad(card_id, 9, '0')", card_id="") == ""
    assert evaluate("lpad(card_id, 3, '0')", card_id="12345") == "12345"
    assert evaluate("rpad(card_id, 3, '0')", card_id="12345") == "12345"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("replace(grade, '', 'x')", "an empty text has no meaning here; allowed: at least one character"),
        ("split(grade, '', 1)", "an empty text has no meaning here"),
        ("lpad(grade, 3, '')", "an empty text has no meaning here"),
        ("split(grade, '-', 0)", "fragments are counted from 1, or from -1 at the end; found 0"),
        (
            "phone(grade, '999-9999')",
            "this is no such format; found 999-9999; allowed: 9999999999, (999) 999-9999",
        ),
        ("school_year('2026')", "allowed: YYYY-YYYY, YYYY-YY, start, end"),
        ("match_codes(grade, 'x')", "`match_codes` needs a code and its value"),
        ("match_codes(grade, 'x', '1', 'x', '2')", "a code stands twice in `match_codes`; found x"),
        (
            "match_codes(grade, 'x', grade)",
            "`codes` of `match_codes` is a text, written out in single quotes",
        ),
        ("coalesce(today(), '')", "`coalesce` chooses between values of one kind"),
        (
            "regexp_matches(grade, '(')",
            "the engine cannot compile this; found Invalid Input Error: missing ): (",
        ),
        ("regexp_extract(grade, '?')", "no argument for repetition operator: ?"),
        ("regexp_replace(grade, 'a', 'b', 'ä')", "the engine cannot compile this"),
        ("regexp_replace(grade, 'a', '\\9')", "the regexp only has 0 parenthesized subexpressions"),
        ("DATE '2026-13-01'", "this cannot be read as what it is cast to; found 2026-13-01"),
    ],
)
def test_a_call_that_could_never_work_is_refused(text, sentence):
    with pytest.raises(ConfigError) as refusal:
        compile_expression(text, columns=["grade"])
    assert sentence in str(refusal.value)


def test_today_is_the_day_of_the_run(engine, evaluate):
    install_functions(engine, today=date(2027, 7, 1))
    assert evaluate("today()") == "2027-07-01"
    assert evaluate("school_year()") == "2027-2028"
