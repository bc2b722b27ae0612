"""Rows of Python and Arrow streams become the same text tables as files."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import petl
import pytest
from rosterbus.errors import ConnectorError
from rosterbus.extracts import Arrow, Rows
from rosterbus.reading import load_table


class OneReading:
    """A stream that gives its rows a single time, as a reader does."""

    def __init__(self, sql):
        self.connection = duckdb.connect()
        self.relation = self.connection.sql(sql)
        self.taken = 0

    def __arrow_c_stream__(self, requested_schema=None):
        self.taken += 1
        assert self.taken == 1, "the stream was taken twice"
        return self.relation.__arrow_c_stream__(requested_schema)


@pytest.fixture
def take(engine):
    def take_rows(rows, **settings):
        return load_table(engine, "students", Rows(rows, "sis.xlsx", **settings))

    return take_rows


def test_a_petl_table_is_loaded(take, rows):
    loaded = take(petl.wrap([["id", "name"], ["007", "Ada"]]).addfield("grade", "09"), key="id")
    assert loaded.raw.columns == ("id", "name", "grade")
    assert rows() == [(2, "007", "Ada", "09")]


def test_cells_are_rendered_plainly(take, rows):
    cells = [
        None,
        True,
        12,
        1.5,
        Decimal("1E+3"),
        date(2026, 9, 1),
        datetime(2026, 9, 1, tzinfo=UTC),
        ["a", None],
    ]
    take(iter([list("abcdefgh"), cells]))
    assert rows() == [(2, "", "true", "12", "1.5", "1000", "2026-09-01", "2026-09-01T00:00:00+00:00", "a|")]


@pytest.mark.parametrize("value", [b"Ada", {"first": "Ada"}, float("nan"), Decimal("Infinity"), ["a|b", "c"]])
def test_a_cell_that_no_text_stands_for_rejects_its_row(take, rows, value):
    loaded = take([["id", "name"], ["1", value], ["2", "Bob"]])
    assert rows() == [(3, "2", "Bob")]
    (problem,) = loaded.problems
    assert (problem.file, problem.row, problem.kind) == ("sis.xlsx", 2, "not-text")
    assert "column 2 holds a " in problem.message


def test_ragged_rows_half_characters_and_blank_keys_are_problems(take, rows):
    loaded = take(
        [["id", "name"], ["1"], ["2", "Bob", ""], [], ["5", "\ud83d"], [None, "x"], ["7", "Gus"]], key="id"
    )
    assert rows() == [(7, "7", "Gus")]
    assert [(p.row, p.kind) for p in loaded.problems] == [
        (2, "missing-columns"),
        (3, "too-many-columns"),
        (5, "encoding"),
        (6, "no-key"),
    ]
    assert (loaded.read, loaded.rejected) == (5, 4)


def test_many_rows_are_streamed_in_order(engine, take):
    def many():
        yield "id", "name"
        for number in range(2, 45_002):
            yield number, f"a\x1f{number}" if number % 20_000 == 0 else "Zoë"

    assert take(many()).raw.rows == 45_000
    assert engine.execute("SELECT count(*) FROM raw.students WHERE _row::VARCHAR = id").fetchone() == (
        45_000,
    )
    numbers = [number for (number,) in engine.execute("SELECT _row FROM raw.students").fetchall()]
    assert numbers == list(range(2, 45_002))
    odd = engine.execute("SELECT name FROM raw.students WHERE name <> 'Zoë'").fetchall()
    assert odd == [("a\x1f20000",), ("a\x1f40000",)]


def test_a_single_column_may_be_blank(take, rows):
    assert take([["id"], [""], [None], ["1"]]).read == 3
    assert rows() == [(2, ""), (3, ""), (4, "1")]


def test_a_header_without_rows_and_nothing_at_all_are_not_the_same(take):
    assert [finding.rule for finding in take([["id", "name"]]).findings] == ["header only"]
    with pytest.raises(ConnectorError, match=r"sis.xlsx: .* empty"):
        take([])


def test_nothing_is_left_over_in_the_engine(engine, take):
    take([["id"], ["1"]])
    tables = engine.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    assert tables == [("loaded", "students")]


def test_what_a_source_raises_while_it_gives_rows_is_not_swallowed(take):
    def breaking():
        yield ["id"]
        yield ["1"]
        raise OSError("the server went away")

    with pytest.raises(OSError, match="went away"):
        take(breaking())


def test_a_stream_is_read_once_as_text_in_its_order(engine, rows):
    sql = (
        "SELECT i AS id, CASE WHEN i % 2 = 0 THEN 'Zoë' END AS name, i > 1 AS active, "
        "DATE '2026-09-01' AS born, 1.50::DECIMAL(9,2) AS gpa, 'x' AS NAME FROM range(200000) t(i)"
    )
    loaded = load_table(
        engine, "students", Arrow(OneReading(sql.replace("AS NAME", 'AS "c0"')), "api", key="id")
    )
    assert loaded.raw.columns == ("id", "name", "active", "born", "gpa", "c0")
    assert (loaded.read, loaded.raw.rows) == (200_000, 200_000)
    taken = rows()
    assert taken[:2] == [
        (2, "0", "Zoë", "false", "2026-09-01", "1.50", "x"),
        (3, "1", "", "false", "2026-09-01", "1.50", "x"),
    ]
    assert [row[:2] for row in taken] == [(number + 2, str(number)) for number in range(200_000)]


def test_a_row_of_a_stream_without_its_key_is_rejected(engine, rows):
    stream = OneReading("SELECT * FROM (VALUES ('1', 'Ada'), (NULL, 'Bob'), ('3', 'Cy')) t(id, name)")
    loaded = load_table(engine, "students", Arrow(stream, "api", key="id"))
    assert rows() == [(2, "1", "Ada"), (4, "3", "Cy")]
    assert [(p.row, p.kind) for p in loaded.problems] == [(3, "no-key")]


@pytest.mark.parametrize("value", ["'x'::BLOB", "[1, 2]", "{'a': 1}"])
def test_a_stream_with_a_column_that_is_no_text_ends_the_reading(engine, value):
    stream = OneReading(f"SELECT '1' AS id, {value} AS odd")
    with pytest.raises(ConnectorError, match="api: column 2 is of type"):
        load_table(engine, "students", Arrow(stream, "api"))
