"""How columns, kinds, blanks and failures behave in a compiled mapping."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError
from rosterbus.mapping import FAILED, compile_condition, compile_expression, guarded


def test_an_expression_says_what_it_reads_and_calls():
    expression = compile_expression(
        "lower(first_name) || '.' || trim(last_name)", columns=["first_name", "last_name"]
    )
    assert expression.columns == {"first_name", "last_name"}
    assert expression.functions == {"lower", "trim"}
    assert not expression.uses_clock


@pytest.mark.parametrize(
    "text", ["today()", "school_year()", "school_year('end')", "CAST(today() - 30 AS VARCHAR)"]
)
def test_a_column_that_uses_the_clock_is_marked(text):
    assert compile_expression(text, columns=[]).uses_clock


def test_a_school_year_of_a_given_day_does_not_use_the_clock():
    assert not compile_expression("school_year('end', DATE '2026-01-01')", columns=[]).uses_clock


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('"metadata.card_id"', "metadata.card_id"),
        ("metadata.card_id", "metadata.card_id"),
        ("lower(metadata.card_id)", "metadata.card_id"),
        ('"ext:card id"', "ext:card id"),
        ('"a""b"', 'a"b'),
        ('"current_date"', "current_date"),
        ("grade", "grade"),
    ],
)
def test_columns_with_unusual_names_can_be_read(query, text, column):
    sql = compile_expression(text, columns=[column]).sql
    assert query(sql, [{column: "4711"}]) == ["4711"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("UPPER(first_name)", "ZOË"),
        ("TRY_CAST(grade AS INTEGER) + 1", "10"),
        ("grade::INTEGER * 2 - 1", "17"),
        ("-TRY_CAST(grade AS INTEGER)", "-9"),
        ("7 // 2", "3"),
        ("7 % 2", "1"),
        ("5 / 2", "2.5"),
        ("1 / 0", FAILED),
        ("1 // 0", FAILED),
        ("1 % 0", FAILED),
        ("CAST('x' || grade AS INTEGER)", FAILED),
        ("TRY_CAST('x' || grade AS INTEGER)", ""),
        ("TRY_CAST('1.5' || '' AS INTEGER)", ""),
        ("TRY_CAST('1e3' || '' AS DECIMAL(9, 2))", ""),
        ("TRY_CAST('infinity' || '' AS DATE)", ""),
        ("TRY_CAST('2026-01-02' || '' AS TIMESTAMP)", "2026-01-02 00:00:00"),
        ("TRY_CAST('2026-01-02 10:00' || '' AS DATE)", "2026-01-02"),
        ("TRY_CAST(birth_date AS DATE) + 30", "2011-04-08"),
        ("today() - TRY_CAST(birth_date AS DATE)", "5735"),
        ("status = 'active'", "true"),
        ("NULL", ""),
        ("CASE WHEN grade = '09' THEN 9 ELSE 'none' END", "9"),
        ("CASE grade WHEN '10' THEN 'Sophomore' WHEN '09' THEN 'Freshman' END", "Freshman"),
        ("CASE WHEN grade = '10' THEN 'Sophomore' END", ""),
        ("grade || 1 || today()", "0912026-11-20"),
        ("trim(both '.' from '..a..')", "a"),
        ("'it''s'", "it's"),
        ("coalesce(TRY_CAST(status AS INTEGER), 7)", "7"),
    ],
)
def test_an_expression_gives_text(evaluate, text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "holding"),
    [
        ("status = 'active'", True),
        ("status <> 'active' OR grade = '09'", True),
        ("NOT (status = 'active' AND grade IN ('09', '10'))", False),
        ("grade NOT IN ('09', '10')", False),
        ("grade BETWEEN '09' AND '12'", True),
        ("email ILIKE '%@EXAMPLE.org' AND email NOT LIKE 'a%'", True),
        ("middle_name IS NULL", True),
        ("first_name IS NOT NULL", True),
        ("TRY_CAST(middle_name AS INTEGER) > 3", False),
        ("NOT (TRY_CAST(middle_name AS INTEGER) > 3)", False),
        ("TRY_CAST(birth_date AS DATE) < today()", True),
        ("true", True),
    ],
)
def test_a_condition_is_true_or_false(holds, text, holding):
    assert holds(text) is holding


def test_only_the_failing_row_gets_the_sentinel(query):
    sql = compile_expression("CAST(grade AS INTEGER) + 1", columns=["grade"]).sql
    rows = [{"grade": str(grade)} for grade in range(3000)]
    rows[1234] = {"grade": "KG"}
    expected = [str(grade + 1) for grade in range(3000)]
    expected[1234] = FAILED
    assert query(sql, rows) == expected
    assert query(guarded(sql), rows) == expected


def test_guarding_catches_what_the_engine_itself_refuses(query):
    sql = guarded("CAST(grade AS INTEGER)")
    assert query(sql, [{"grade": "09"}, {"grade": "KG"}, {"grade": "1"}]) == ["9", FAILED, "1"]


def test_columns_that_fail_alike_fail_alone(engine):
    """The engine computes once what two columns have in common, outside of any TRY around them."""
    texts = [
        "CAST(grade AS INTEGER) + 1",
        "CAST(grade AS INTEGER) + 2",
        "lpad(CAST(grade AS INTEGER), 3, '0')",
    ]
    columns = ", ".join(guarded(compile_expression(text, columns=["grade"]).sql) for text in texts)
    rows = engine.execute(f"SELECT {columns} FROM (VALUES ('09'), ('KG')) AS relation(grade)").fetchall()
    assert rows == [("10", "11", "009"), (FAILED, FAILED, FAILED)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CASE WHEN grade = 'KG' THEN 0 ELSE CAST(grade AS INTEGER) END", "0"),
        ("CASE WHEN grade = 'KG' THEN 0 WHEN CAST(grade AS INTEGER) > 8 THEN 1 ELSE 2 END", "0"),
        ("CASE WHEN CAST(grade AS INTEGER) > 8 THEN 1 ELSE 0 END", FAILED),
        ("if_then_else(grade = 'KG', 'K', phone(grade, '9999999999'))", "K"),
        ("if_then_else(grade = '', 'K', phone(grade, '9999999999'))", FAILED),
        ("grade = 'KG' OR CAST(grade AS INTEGER) > 8", "true"),
        ("grade = 'K' OR CAST(grade AS INTEGER) > 8", FAILED),
        ("grade = 'K' AND CAST(grade AS INTEGER) > 8", "false"),
        ("NOT (CAST(grade AS INTEGER) > 8)", FAILED),
        ("CAST(grade AS INTEGER) IN (1, 2)", FAILED),
        ("CAST(grade AS INTEGER) BETWEEN 1 AND 2", FAILED),
        ("CAST(grade AS INTEGER) IS NULL", FAILED),
        ("coalesce(CAST(grade AS INTEGER), 3)", FAILED),
        ("'grade ' || CAST(grade AS INTEGER)", FAILED),
        ("join(', ', 'x', match_codes(grade, '09', 'Freshman'))", FAILED),
        ("CAST(CAST(grade AS INTEGER) AS VARCHAR)", FAILED),
        ("format_date(format_date(grade, 'YYYY-MM-DD', 'MM/DD/YYYY'), 'MM/DD/YYYY', 'YYYY')", FAILED),
        ("year(strptime(grade, 'YYYY-MM-DD')) + 1", FAILED),
        ("CAST('9223372036854775807' || '' AS BIGINT) + 1", FAILED),
        ("substr(grade, 1, 100000000000000000)", FAILED),
        ("TRY_CAST('' || '' AS INTEGER) + 1", ""),
    ],
)
def test_a_failure_is_the_cells_unless_it_was_not_chosen(evaluate, text, value):
    assert evaluate(text, grade="KG") == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CAST(grade AS INTEGER) > 8", "CAST"),
        (
            "phone(grade, '9999999999') = '' OR format_date(grade, 'YYYYMMDD', 'YYYY') = '2026'",
            "format_date, phone",
        ),
    ],
)
def test_a_condition_holds_nothing_that_may_fail(text, found):
    with pytest.raises(ConfigError) as refusal:
        compile_condition(text, columns=["grade"])
    assert str(refusal.value).startswith(
        f"a condition must be decided in every row, and this may fail; found {found}"
    )


@pytest.mark.parametrize(
    "text", ["today() > DATE '2026-07-01'", "CAST(today() AS VARCHAR) = '2026-11-20'", "left(grade, 1) = 'K'"]
)
def test_a_condition_may_cast_what_cannot_fail(holds, text):
    assert holds(text, grade="KG")


def test_an_error_names_the_place_what_was_found_and_near_names():
    with pytest.raises(ConfigError) as refusal:
        compile_expression("frist_name", columns=["first_name", "email"], where="columns.name")
    sentence = "there is no such column; text goes in single quotes; found frist_name; allowed: first_name"
    assert str(refusal.value) == f"`columns.name`: {sentence}"


def test_without_a_near_name_every_column_is_listed():
    with pytest.raises(ConfigError) as refusal:
        compile_expression('"active"', columns=["grade", "email"])
    assert refusal.value.allowed == ["email", "grade"]


def test_an_unknown_function_brings_near_names():
    with pytest.raises(ConfigError) as refusal:
        compile_expression("formatdate(grade)", columns=["grade"])
    assert (
        str(refusal.value)
        == "this function cannot be used in a mapping; found formatdate; allowed: format_date"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 30 + "grade" + ")" * 30,
        "match_codes(grade, " + ", ".join(f"'{number}', 'x'" for number in range(200)) + ")",
        " || ".join(["grade"] * 70),
        "grade IN (" + ", ".join(f"'{number}'" for number in range(300)) + ")",
    ],
)
def test_large_but_honest_expressions_compile(text):
    assert compile_expression(text, columns=["grade"]).columns == {"grade"}
