"""Every cell arrives exactly, or its record is rejected: compared with Python's strict csv reader."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosterbus.extracts import Delimited
from rosterbus.reading import load_table

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "csv-spectrum"
CELLS = st.text(st.sampled_from("ab1é \"\n\r,;\t|'#\\\x1f𝕏"), max_size=6)
CONTENT = st.text(st.sampled_from('aé ",;\n\r"'), max_size=40)


def read_strictly(content, *, delimiter=",", quote='"'):
    """Numbered rows of the right width, and the numbers of the records that are none."""
    quoting = {"quoting": csv.QUOTE_MINIMAL, "quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True, **quoting)
    good, bad, number = [], [], 1
    width = len(next(reader))
    while True:
        number += 1
        try:
            cells = next(reader)
        except csv.Error:
            bad.append(number)
            continue
        except StopIteration:
            return good, bad
        if cells:
            (good if len(cells) == width else bad).append((number, *cells) if len(cells) == width else number)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An engine and a file that all examples share."""
    with duckdb.connect() as engine:
        yield engine, tmp_path_factory.mktemp("exactness") / "students.csv"


def assert_exact(place, content, *, delimiter=",", quote='"'):
    engine, path = place
    path.write_bytes(content.encode())
    loaded = load_table(engine, "t", Delimited(path, path.name, delimiter=delimiter, quote=quote))
    rows = engine.execute("SELECT * FROM raw.t").fetchall()
    good, bad = read_strictly(content, delimiter=delimiter, quote=quote)
    assert rows == good
    assert sorted({problem.row for problem in loaded.problems}) == bad
    assert (loaded.raw.rows, loaded.rejected, loaded.read) == (len(good), len(bad), len(good) + len(bad))


@settings(max_examples=150, deadline=None)
@given(
    table=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6)
    ),
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    quote=st.sampled_from("\"'"),
    end=st.sampled_from(["", "\n", "\r\n"]),
)
def test_what_a_writer_wrote_arrives_exactly(place, table, delimiter, newline, quoting, quote, end):
    written = io.StringIO(newline="")
    writer = csv.writer(
        written, delimiter=delimiter, lineterminator=newline, quoting=quoting, quotechar=quote
    )
    writer.writerows([[f"h{place}" for place in range(len(table[0]) if table else 2)], *table])
    assert_exact(place, written.getvalue() + end, delimiter=delimiter, quote=quote)


@settings(max_examples=250, deadline=None)
@given(
    content=CONTENT,
    header=st.sampled_from(["a,b", '"a",b', "a,b,c"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_anything_at_all_arrives_exactly_or_is_rejected(place, content, header, newline):
    assert_exact(place, header + newline + content)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.sampled_from(["a,b", '"a",b', 'a,"b"', "é,", ",", '"a""b",c', '"a\nb",c']), min_size=1, max_size=5
    ),
    at=st.integers(0, 60),
    stray=st.sampled_from([" ", ",", '"', "\n", "\r\n", "\t", "a", '""', ' "', "\\"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_one_stray_character_mangles_nothing(place, rows, at, stray, newline):
    body = newline.join(rows) + newline
    assert_exact(place, "x,y" + newline + body[:at] + stray + body[at:])


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("1,Ada,09,", id="a delimiter too many"),
        pytest.param('1,"Ada" ,09', id="a space after a quote"),
        pytest.param('1, "Ada",09', id="a space before a quote"),
        pytest.param('1, "Ada, L",09', id="a delimiter in what is no quoted value"),
        pytest.param('"1" "Ada",b,09', id="a space between two values"),
        pytest.param('1,A"da,0"9', id="quotes within a value"),
        pytest.param('1,"A"da,09', id="a value that goes on after its quote"),
        pytest.param("1,Ada", id="a column too few"),
        pytest.param("1,Ada\r,09", id="a bare carriage return"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_the_engine_alone_would_read_otherwise_is_read_exactly(place, record, newline):
    assert_exact(place, newline.join(["id,name,grade", "0,Bob,09", record, "2,Cy,10", ""]))


def test_without_a_quote_character_quotes_are_text(place):
    assert_exact(place, 'id,name\n1,"Ada\n2,6" pipe\n', quote="")


@pytest.mark.parametrize("quote", ["'", "¦", "$"])
def test_any_character_may_be_the_quote(place, quote):
    assert_exact(place, f'id,name\n1,{quote}A,da{quote}{quote}{quote}\n2,"Bob"\n', quote=quote)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the csv-spectrum samples are not beside this checkout")
@pytest.mark.parametrize("sample", sorted(path.stem for path in (SAMPLES / "csvs").glob("*.csv")))
def test_reads_the_csv_spectrum(sample):
    with duckdb.connect() as engine:
        path = SAMPLES / "csvs" / f"{sample}.csv"
        loaded = load_table(engine, "t", Delimited(path, path.name))
        rows = engine.execute("SELECT * EXCLUDE (_row) FROM raw.t").fetchall()
    expected = json.loads((SAMPLES / "json" / f"{sample}.json").read_text(encoding="utf-8"))
    if sample == "newlines_crlf":  # its file holds LF where its answer says CRLF
        expected = [{key: value.replace("\r\n", "\n") for key, value in row.items()} for row in expected]
    assert [dict(zip(loaded.raw.columns, row, strict=True)) for row in rows] == expected
    assert not loaded.problems
