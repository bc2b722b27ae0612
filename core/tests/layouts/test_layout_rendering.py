import pytest
from rosterbus.layouts import boolean, code, date, decimal, email, integer, text, words


def test_what_needs_no_rendering_is_left_alone(evaluate):
    untouched = [
        text("A"),
        email("A"),
        integer("A"),
        date("A"),
        decimal("A"),
        boolean("A"),
        words("A"),
        code("A", choices=("F",)),
    ]
    assert [column.render("t") for column in untouched] == ["t"] * len(untouched)


def test_a_date_takes_the_vendors_form(evaluate):
    column = date("Birth", direct="birth_date", format="%m/%d/%Y")
    assert evaluate(column.render("t"), ["2010-02-28", "", "0999-01-02"]) == ["02/28/2010", "", "01/02/0999"]


@pytest.mark.parametrize(
    "roster", ["03/04/2026", "2026-3-4", "2025-02-29", "20260304", "soon", "2026-03-04 ", "10000-01-01"]
)
def test_a_roster_date_that_is_not_iso_never_passes_for_the_vendors(evaluate, roster):
    column = date("Birth", direct="birth_date", format="%m/%d/%Y")
    (rendered,) = evaluate(column.render("t"), [roster])
    assert column.problems(rendered) == (
        "Not a valid date; needed: yyyy-mm-dd, which is sent as mm/dd/yyyy.",
    )


def test_a_date_that_a_transformation_wrote_for_the_vendor_stays(evaluate):
    column = date("Birth", transform="date(birth_date, 'MM/DD/YYYY')", format="%m/%d/%Y")
    assert evaluate(column.render("t"), ["03/04/2026", "2026-03-04"]) == ["03/04/2026", "03/04/2026"]


def test_yes_and_no_take_the_vendors_words(evaluate):
    column = boolean("Athlete", direct="athlete", true="TRUE", false="FALSE")
    assert evaluate(column.render("t"), ["true", "false", "", "yes"]) == ["TRUE", "FALSE", "", "yes"]


def test_decimals_are_filled_up_and_never_rounded(evaluate):
    column = decimal("GPA", direct="cumulative_gpa", places=2)
    given = [
        "3",
        "3.5",
        "3.50",
        "3.5000",
        "3.",
        "-0",
        "3.999",
        "3.501",
        "1e1",
        "",
        "x",
        "9" * 18 + ".5",
        "9" * 19,
    ]
    assert evaluate(column.render("t"), given) == [
        "3.00",
        "3.50",
        "3.50",
        "3.50",
        "3.00",
        "0.00",
        "3.999",
        "3.501",
        "1e1",
        "",
        "x",
        "9" * 18 + ".50",
        "9" * 19,
    ]


def test_whole_numbers_of_a_decimal_column_lose_needless_zeros_only(evaluate):
    column = decimal("Hours", direct="hours", places=0)
    assert evaluate(column.render("t"), ["12", "12.0", "12.5"]) == ["12", "12", "12.5"]


def test_a_list_is_joined_as_the_vendor_wants(evaluate):
    column = words("Majors", direct="majors", joiner=";")
    assert evaluate(column.render("t"), ["Art|Law", "Art", ""]) == ["Art;Law", "Art", ""]


def test_an_entry_that_contains_the_separator_is_invalid_and_never_torn(evaluate):
    column = words("Majors", direct="majors", joiner=";")
    for rendered in evaluate(column.render("t"), ["Art; Music|Law", "Art; Music"]):
        assert column.problems(rendered) == ("An entry contains the separator ';'.",)


def test_a_list_that_a_transformation_joined_stays(evaluate):
    column = words("Majors", transform="join(';', majors, minors)", joiner=";")
    joined, torn = evaluate(column.render("t"), ["Art;Law", "Art;Law|Music"])
    assert joined == "Art;Law"
    assert column.problems(torn) == ("An entry contains the separator ';'.",)


def test_mapping_failures_pass_through_unchanged(evaluate):
    columns = [
        date("A", transform="x", format="%m/%d/%Y"),
        boolean("A", transform="x", true="T", false="F"),
        decimal("A", transform="x", places=2),
        words("A", transform="x", joiner=";"),
    ]
    assert [evaluate(column.render("t"), ["\x01failed"]) for column in columns] == [["\x01failed"]] * 4
