"""What a mapping may not hold: each attack is refused before anything runs, with a sentence that says why."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError
from rosterbus.mapping import compile_condition, compile_expression

COLUMNS = ["student_id", "first_name", "grade", "metadata.card_id"]

OTHER_ROWS = "a mapping cannot look into other rows or tables"
FUNCTION = "this function cannot be used in a mapping"
COMMENT = "comments are not allowed in a mapping"
CLOCK = "the day of the run is written today()"
NO_COLUMN = "there is no such column; text goes in single quotes"
KINDS = "only values of one kind can be compared; a column is a text"
ALONE = "a function is called by its name alone, with values in parentheses"
CAST = "a value cannot be cast to this"
NESTED = "the expression is nested too deeply"
OPERATOR = "this operator cannot be used in a mapping"
SYNTAX = "this is not an SQL expression"
CASES = "after CASE comes WHEN, or one plain column and WHEN"
TOO_LONG = "the expression could make far too long a text"

ATTACKS = [
    # other rows, other tables
    ("(SELECT password FROM accounts)", OTHER_ROWS),
    ("SELECT 1", OTHER_ROWS),
    ("(FROM accounts)", OTHER_ROWS),
    ("grade IN (SELECT grade FROM students)", OTHER_ROWS),
    ("EXISTS (SELECT 1)", OTHER_ROWS),
    ("first_name = ANY(SELECT 'x')", OTHER_ROWS),
    ("(VALUES ('x'))", OTHER_ROWS),
    ("(TABLE accounts)", OTHER_ROWS),
    ("row_number() OVER ()", OTHER_ROWS),
    ("first_value(grade) OVER (ORDER BY student_id)", OTHER_ROWS),
    ("lag(grade) OVER (ORDER BY student_id)", OTHER_ROWS),
    ("count(*)", FUNCTION),
    ("max(grade)", FUNCTION),
    ("string_agg(grade, ',')", FUNCTION),
    ("lower(grade) FILTER (WHERE grade = '09')", ALONE),
    ("lower(DISTINCT grade)", ALONE),
    ("lower(grade ORDER BY grade)", ALONE),
    ("*", "a mapping names its columns, never all of them"),
    ("COLUMNS('.*')", "a mapping names its columns, never all of them"),
    ("students.grade", "a column is written without its table; found students.grade; allowed: grade"),
    ("main.students.grade", "a column is written without its table"),
    ("rowid", NO_COLUMN),
    ("_row", NO_COLUMN),
    ('"active"', NO_COLUMN),
    ("card_id", NO_COLUMN),
    # files, settings, secrets, the machine
    ("read_text('/etc/passwd')", FUNCTION),
    ("read_csv('/etc/passwd')", FUNCTION),
    ("read_blob('x')", FUNCTION),
    ("glob('*')", FUNCTION),
    ("getenv('AWS_SECRET_ACCESS_KEY')", FUNCTION),
    ("current_setting('secret_directory')", FUNCTION),
    ("getvariable('x')", FUNCTION),
    ("which_secret('s3://x', 's3')", FUNCTION),
    ("duckdb_secrets()", FUNCTION),
    ("current_user", NO_COLUMN),
    ("current_database()", FUNCTION),
    ("version()", FUNCTION),
    ("pragma_version()", FUNCTION),
    ("query('select 1')", FUNCTION),
    ("nextval('x')", FUNCTION),
    ("error('x')", FUNCTION),
    ("sleep_ms(1000)", FUNCTION),
    ("write_log('x')", FUNCTION),
    # another answer each time
    ("random()", FUNCTION),
    ("uuid()", FUNCTION),
    ("current_date", CLOCK),
    ("current_timestamp", CLOCK),
    ("localtime", CLOCK),
    ("now()", CLOCK),
    ("md5(student_id)", FUNCTION),
    # more than one expression, or something hidden
    ("grade; DROP TABLE students", "a mapping is one expression, not several statements"),
    ("grade) FROM students --", COMMENT),
    ("grade -- first_name", COMMENT),
    ("grade /* first_name */", COMMENT),
    ("grade) FROM (students", "a parenthesis is closed that was never opened"),
    ("grade), (first_name", "a parenthesis is closed that was never opened"),
    ("(grade", "a parenthesis is opened and never closed"),
    ("grade, first_name", FUNCTION),
    ("grade AS first_name", SYNTAX),
    ("grade first_name", SYNTAX),
    ("'grade", "a quote is opened and never closed"),
    ('"grade', "a quote is opened and never closed"),
    ("e'\\x41'", "text goes in plain single quotes, with no letter before"),
    ("x'41'", "text goes in plain single quotes, with no letter before"),
    ("$$grade$$", "a mapping has no parameters; text goes in single quotes"),
    ("'a\x00b'", "an invisible character stands in the expression; found U+0000"),
    ("'\x01failed'", "an invisible character stands in the expression; found U+0001"),
    ("grade\u00a0", "an invisible character stands in the expression; found U+00A0"),
    ("'\u202e'", "an invisible character stands in the expression; found U+202E"),
    ("'\ud800'", "an invisible character stands in the expression; found U+D800"),
    ("", "a mapping cannot be empty; leave the column out with skip = true"),
    (" \n", "a mapping cannot be empty"),
    ("DEFAULT", "a mapping computes one value from the columns of one row"),
    # parameters, positions, structures
    ("$1", "a mapping has no parameters"),
    ("?", "a mapping has no parameters"),
    ("#1", "a mapping names its columns, never counts them"),
    ("grade[1]", "a mapping works on single values, not on lists"),
    ("[grade]", "a mapping works on single values, not on lists"),
    ("{'a': grade}", "a mapping works on single values, not on structures"),
    ("grade.lower()", ALONE),
    ("(x -> grade)", "a mapping has no functions of its own"),
    ("LAMBDA x: grade", "a column whose name has a colon goes in double quotes"),
    ("metadata:card_id", "a column whose name has a colon goes in double quotes"),
    ("unnest(grade)", FUNCTION),
    ("generate_series(1, 1000000000)", FUNCTION),
    ("lower(text := grade)", "a column whose name has a colon goes in double quotes"),
    ("lower(text => grade)", "the values of a function are given in order, without names; found lower"),
    # the functions of others
    ("main.lower(grade)", ALONE),
    ("pg_catalog.version()", ALONE),
    ("rosterbus.today()", ALONE),
    ("\"~~\"(grade, 'x')", FUNCTION),
    ("regexp_full_match(grade, 'x')", FUNCTION),
    ("string_split(grade, ',')", FUNCTION),
    ("sha256(student_id)", FUNCTION),
    ("repeat(grade, 1000000000)", FUNCTION),
    # operators, comparisons, casts
    ("grade COLLATE NOCASE", "the order of letters cannot be chosen in a mapping"),
    ("grade SIMILAR TO 'x'", FUNCTION),
    ("grade GLOB '*'", OPERATOR),
    ("2 ** 1000", OPERATOR),
    ("2 ^ 1000", "this sign is not allowed in a mapping"),
    ("1 & 1", "this sign is not allowed in a mapping"),
    ("@1", "this sign is not allowed in a mapping"),
    ("grade IS DISTINCT FROM 'x'", "this comparison cannot be used in a mapping"),
    ("grade IN first_name", "after IN comes a list in parentheses; found IN FIRST_NAME"),
    ("grade IN ['x']", "a mapping works on single values, not on lists"),
    ("grade LIKE first_name", "the pattern of LIKE is a text, written out in single quotes"),
    ("grade LIKE 'a!%' ESCAPE '!'", OPERATOR),
    ("grade = 9", KINDS),
    ("grade = TRY_CAST(first_name AS DATE)", KINDS),
    ("today() > '2026-01-01'", KINDS),
    ("grade = NULL", "nothing equals NULL; compare with '' or write IS NULL"),
    ("grade IN ('x', NULL)", "nothing equals NULL"),
    ("grade BETWEEN 1 AND 9", KINDS),
    ("(grade = '1') = true", KINDS),
    ("grade + 1", "a number is expected here; found a text"),
    ("today() + today()", "a number is expected here; found a date"),
    ("NOT grade", "a condition is expected here; found a text"),
    ("grade AND first_name", "a condition is expected here; found a text"),
    ("CASE WHEN grade THEN 1 END", "a condition is expected here; found a text"),
    ("if_then_else(grade, 1, 2)", "a condition is expected here; found a text"),
    ("year(grade)", "a date is expected here; found a text"),
    ("CAST(grade AS BOOLEAN)", CAST),
    ("CAST(grade AS JSON)", CAST),
    ("CAST(grade AS INTEGER[])", "a mapping works on single values, not on lists"),
    ("CAST(grade AS STRUCT(a INTEGER))", CAST),
    ("CAST(grade AS main.secret)", CAST),
    ("CAST(grade AS DECIMAL)", CAST),
    ("CAST(grade AS VARCHAR(3))", CAST),
    ("CAST(grade AS DECIMAL(99, 2))", "the engine cannot compile this"),
    ("CAST(9 AS DATE)", "a number cannot be cast to this; found DATE"),
    ("INTERVAL '1 day'", CAST),
    ("1e400", "a number is written in digits, at most 18 of them; found 1e400"),
    ("1234567890123456789", "a number is written in digits, at most 18 of them"),
    ("date(grade, 'YYYY', 'YY')", "a date is written anew with format_date(text, source, target)"),
    ("lower(grade, grade)", "`lower` takes another number of values; found 2; allowed: lower(text)"),
    ("join(',')", "`join` takes another number of values; found 1"),
    ("TRY(grade)", OPERATOR),
    # what would cost too much
    ("lpad(grade, 1000000000, '0')", "`length` of `lpad` is a whole number, written out; allowed: 0 to 1000"),
    ("lpad(grade, length(first_name), '0')", "`length` of `lpad` is a whole number, written out"),
    (
        "regexp_matches(grade, first_name)",
        "`pattern` of `regexp_matches` is a text, written out",
    ),
    ("regexp_matches(grade, '((a{100}){100}){100}')", "the engine cannot compile this"),
    ("'" + "x" * 4000 + "'", "the expression is too long; found 4002 characters; allowed: 4000"),
    ("(" * 31 + "grade" + ")" * 31, NESTED),
    ("CASE WHEN true THEN " * 31 + "grade" + " END" * 31, NESTED),
    ("- " * 190 + "length(grade)", NESTED),
    (" || ".join(["grade"] * 90), NESTED),
    ("grade" + " ISNULL" * 190, NESTED),
    (" || ".join(["grade"] * 101), "the expression has too many words and signs; found 201; allowed: 200"),
    (
        "CASE " * 20 + "grade" + " WHEN '1' THEN '1' WHEN '2' THEN '2' END" * 20,
        CASES,
    ),
    ("CASE lower(grade) WHEN '1' THEN '1' END", CASES),
    ("replace(" * 4 + "grade" + ", 'a', 'aaaaaaaa')" * 4, TOO_LONG),
    ("regexp_replace(" * 4 + "grade" + ", '', 'aaaaaaaa', 'g')" * 4, TOO_LONG),
    ("phone(" * 10 + "grade" + ", '9999999999')" * 10, TOO_LONG),
    ("transliterate(" * 12 + "grade" + ")" * 12, TOO_LONG),
]


@pytest.mark.parametrize(("text", "sentence"), ATTACKS, ids=[attack[:40] for attack, _ in ATTACKS])
def test_a_mapping_that_may_not_run_is_refused_with_its_reason(text, sentence):
    with pytest.raises(ConfigError) as refusal:
        compile_expression(text, columns=COLUMNS, where="columns.x.transform")
    assert str(refusal.value).startswith(f"`columns.x.transform`: {sentence}")


@pytest.mark.parametrize("text", ["grade", "'true'", "1", "today()", "NULL", "lower(grade)"])
def test_a_condition_is_never_made_out_of_a_value(text):
    with pytest.raises(ConfigError, match="a condition is expected here"):
        compile_condition(text, columns=COLUMNS)


def test_the_table_of_attacks_is_large_and_has_no_repeats():
    attacks = [text for text, _ in ATTACKS]
    assert len(attacks) == len(set(attacks)) > 120
