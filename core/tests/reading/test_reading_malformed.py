"""What cannot be read is said, with its row, and takes nobody else along."""

import csv

import pytest
from rosterbus.errors import ConfigError, ConnectorError
from rosterbus.reading import records


def kinds(loaded):
    return [(problem.row, problem.kind) for problem in loaded.problems]


def rules(loaded):
    return [(finding.severity, finding.rule) for finding in loaded.findings]


def test_a_record_of_another_width_is_rejected_and_never_cut(load, rows):
    loaded = load("id,name,grade\n1,Ada,09,\n2,Bob\n3,Cy,10\n")
    assert rows() == [(4, "3", "Cy", "10")]
    assert kinds(loaded) == [(2, "too-many-columns"), (3, "missing-columns")]
    assert loaded.problems[0].message == "the record has 4 columns where the header has 3"


def test_an_unclosed_quote_that_swallowed_lines_holds_and_names_the_row_where_it_opened(load, rows):
    lines = ["id,name", "1,Ada", '2,"Bob', *(f"{n},Cy" for n in range(3, 48)), '48,"Dan"', "49,Eve"]
    loaded = load("\n".join(lines) + "\n")
    assert rows() == [(2, "1", "Ada"), (4, "49", "Eve")]
    assert kinds(loaded) == [(3, "quote")]
    assert rules(loaded) == [("hold", "unbalanced quote")]
    assert loaded.findings[0].numbers == {"row": 3, "records": 1, "lines": 47}


def test_a_quote_that_is_open_at_the_end_of_the_file_holds(load, rows):
    loaded = load('id,name\n1,Ada\n2,"Bo')
    assert rows() == [(2, "1", "Ada")]
    assert kinds(loaded) == [(3, "unclosed-quote")]
    assert ("hold", "unbalanced quote") in rules(loaded)


def test_lines_swallowed_into_a_record_of_another_width_hold(load, rows):
    loaded = load('id,name,grade\n1,"Ada\n2,Bob,09\n3,Cy",09\n4,"Dan,10\n5",Eve,11,x\n6,Flo,12\n')
    assert [row[1] for row in rows()] == ["1", "6"]
    assert kinds(loaded) == [(3, "too-many-columns")]
    assert rules(loaded) == [("hold", "unbalanced quote")]


def test_a_misplaced_quote_within_one_line_rejects_its_record_and_holds_nothing(load, rows):
    loaded = load('id,name\n1,"Ada" Lovelace\n2,Bob\n')
    assert rows() == [(3, "2", "Bob")]
    assert kinds(loaded) == [(2, "quote")]
    assert loaded.findings == ()


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_may_have_131072_characters_and_no_more(load, rows, quote):
    fits, long = "x" * records.LONGEST_FIELD, "x" * (records.LONGEST_FIELD + 1)
    loaded = load(f"id,name\n1,{quote}{fits}{quote}\n2,{quote}{long}{quote}\n3,Cy\n")
    assert [(row, key, len(name)) for row, key, name in rows()] == [(2, "1", len(fits)), (4, "3", 2)]
    assert kinds(loaded) == [(3, "too-long")]
    assert "131,072 characters" in loaded.problems[0].message


def test_the_longest_field_is_the_same_where_another_library_moved_the_limit_of_csv(load):
    before = csv.field_size_limit(10_000_000)
    try:
        loaded = load("id,name\n1," + "x" * (records.LONGEST_FIELD + 1) + "\n")
    finally:
        csv.field_size_limit(before)
    assert kinds(loaded) == [(2, "too-long")]


def test_a_long_record_of_shorter_fields_is_read(load, rows):
    width, cell = 20, "x" * 10_000
    load("\n".join([",".join(f"c{n}" for n in range(width)), ",".join([cell] * width), ""]))
    assert rows() == [(2, *[cell] * width)]


@pytest.mark.parametrize("length", [records.LONGEST_RECORD - 2, 2 * records.LONGEST_RECORD + 7])
def test_a_record_that_hardly_ends_is_passed_over_in_bounded_pieces(load, rows, length):
    loaded = load("id,name\n1,Ada\n2," + "x" * length + "\n3,Cy\n4,Dan\n")
    assert rows() == [(2, "1", "Ada"), (4, "3", "Cy"), (5, "4", "Dan")]
    assert kinds(loaded) == [(3, "too-long")]
    assert loaded.findings == ()


def test_mixed_line_ends_are_read_and_told(load, rows):
    loaded = load('id,name\r\n1,"A\nda"\n2,Bob\r3,Cy\r\n')
    assert rows() == [(2, "1", "A\nda"), (3, "2", "Bob"), (4, "3", "Cy")]
    assert rules(loaded) == [("warn", "mixed line ends")]
    assert "CRLF and LF and CR" in loaded.findings[0].sentence


def test_line_ends_that_differ_only_inside_values_are_not_odd(load, rows):
    assert load('id,name\r\n1,"A\nda"\r\n').findings == ()
    assert rows() == [(2, "1", "A\nda")]


@pytest.mark.parametrize("content", ["id,name\n1,Ada", "id,name\n1\n2,Ada", 'id,name\r\n1,"Ada"'])
def test_a_last_record_without_a_line_break_is_told(load, content):
    assert rules(load(content)) == [("warn", "no final newline")]


@pytest.mark.parametrize("content", ["id,name\n", "id,name\r\n\r\n", "\ufeffid,name\n"])
def test_a_header_without_records_is_told(load, rows, content):
    loaded = load(content)
    assert rows() == []
    assert loaded.raw.columns == ("id", "name")
    assert rules(loaded) == [("warn", "header only")]
    assert (loaded.read, loaded.rejected) == (0, 0)


def test_rejected_records_are_not_a_file_without_records(load):
    loaded = load("id,name\n1\n")
    assert (loaded.read, loaded.rejected, loaded.findings) == (1, 1, ())


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_a_file_without_a_header_ends_the_reading(load, content):
    with pytest.raises(ConnectorError, match=r"students.csv: the file is empty"):
        load(content)


def test_a_header_with_an_open_quote_ends_the_reading(load):
    with pytest.raises(
        ConnectorError, match=r"students.csv, row 1: the header cannot be read: a quote is opened"
    ):
        load('id,"name\n1,Ada\n')


@pytest.mark.parametrize("dialect", [{"delimiter": ""}, {"delimiter": "||"}, {"quote": '""'}, {"quote": ","}])
def test_an_impossible_dialect_is_a_mistake_in_the_settings(load, dialect):
    with pytest.raises(ConfigError, match=f"`{next(iter(dialect))}`: cannot read students.csv; found"):
        load("id,name\n1,Ada\n", **dialect)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", "¦", " "])
def test_reads_any_delimiter(load, rows, delimiter):
    load(f'id{delimiter}name\n1{delimiter}"A{delimiter}da"\n', delimiter=delimiter)
    assert rows() == [(2, "1", f"A{delimiter}da")]


def test_no_value_stands_in_a_problem_or_a_finding(load):
    content = 'id,name\n1,Canary,x\nCanary\n"Canary"x,2\n,Canary\n3,Canary\xff\n4,"Canary\n'
    loaded = load(content.encode("latin-1"), key="id")
    assert loaded.rejected == 6
    assert "Canary" not in repr((loaded.problems, loaded.findings))
