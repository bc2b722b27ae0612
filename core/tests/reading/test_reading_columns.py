"""Columns: their names, those that never enter, and the one that a row needs."""

import pytest
from rosterbus.errors import ConnectorError
from rosterbus.extracts import Completeness


def everything(engine):
    """Every cell of every table that the engine holds, views and system tables of rejects included."""
    tables = engine.execute(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() "
        "UNION SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    return repr([engine.execute(f'FROM "{a}"."{b}"."{c}"').fetchall() for a, b, c in tables])


@pytest.mark.parametrize("odd", ["", "\n", "9,Canary\n", '9,Bob,"Canary\n'])
@pytest.mark.parametrize("header", ["id,name,password,x", "id,name,Password ,x"])
def test_a_dropped_column_never_enters_the_engine(engine, load, rows, odd, header):
    loaded = load(f'{header}\n1,Ada,Canary,y\n2,Bob,"Can""ary",z\n{odd}', drop=frozenset({"password"}))
    assert loaded.raw.columns == ("id", "name", "x")
    assert rows() == [(2, "1", "Ada", "y"), (3, "2", "Bob", "z")]
    assert "Canary" not in everything(engine)
    assert "y" in everything(engine)


def test_a_column_is_dropped_by_its_new_name_too(load):
    assert load("id,pw\n1,x\n", rename={"pw": "password"}, drop=frozenset({"password"})).raw.columns == (
        "id",
    )


def test_a_dropped_column_is_accounted_for_by_the_fast_lane(load, read_by_engine):
    load('id,password,name\n1,"a,""b""",Ada\n2,,"B\nob"\n', drop=frozenset({"password"}))
    assert read_by_engine()


def test_a_header_that_leaves_nothing_ends_the_reading(load):
    with pytest.raises(ConnectorError, match="leaves no column"):
        load("password\nx\n", drop=frozenset({"password"}))


def test_renamed_columns_have_their_new_name_only(load, rows):
    loaded = load("SIS ID,name\n1,Ada\n", rename={"SIS ID": "sourcedId"}, key="sourcedId")
    assert loaded.raw.columns == ("sourcedId", "name")
    assert rows() == [(2, "1", "Ada")]


@pytest.mark.parametrize("header", ["id,mail,mail", "id,mail,MAIL", "id,mail,mail (3)", "id,a,_row"])
def test_every_column_has_a_name_of_its_own(load, rows, header):
    loaded = load(f"{header}\n1,x,y\n")
    assert rows() == [(2, "1", "x", "y")]
    assert len({name.lower() for name in (*loaded.raw.columns, "_row")}) == 4
    held = [(f.rule, f.severity, f.numbers) for f in loaded.findings]
    assert held == ([] if "(3)" in header else [("repeated column", "hold", {"columns": [3]})])


def test_an_invented_name_is_not_one_that_the_file_has(load):
    loaded = load("mail (2),mail,mail,mail (3)\n1,2,3,4\n")
    assert loaded.raw.columns == ("mail (2)", "mail", "mail (3)*", "mail (3)")


def test_a_column_without_a_name_is_kept_and_told(load, rows):
    loaded = load("id,name,, \n1,Ada,x,\n")
    assert loaded.raw.columns == ("id", "name", "column (3)", "column (4)")
    assert rows() == [(2, "1", "Ada", "x", "")]
    assert [(f.rule, f.severity, f.numbers) for f in loaded.findings] == [
        ("unnamed column", "warn", {"columns": [3, 4]})
    ]


def test_names_with_quotes_and_line_breaks_are_names(engine, load):
    load('id,"the ""name""\nof it",select\n1,Ada,x\n')
    assert engine.execute('SELECT "the ""name""\nof it", "select" FROM raw.students').fetchall() == [
        ("Ada", "x")
    ]


@pytest.mark.parametrize("blank", ["", "  ", '"\t\n"'])
@pytest.mark.parametrize("odd", ["", "x\n"])
def test_a_row_without_its_key_is_rejected_at_the_border(load, rows, blank, odd):
    loaded = load(f"name,id\nAda,1\nBob,{blank}\nCy,3\n{odd}", key="id")
    assert rows() == [(2, "Ada", "1"), (4, "Cy", "3")]
    assert (loaded.problems[0].row, loaded.problems[0].column, loaded.problems[0].kind) == (3, "id", "no-key")
    assert loaded.read == loaded.raw.rows + loaded.rejected == 3 + bool(odd)


def test_a_missing_key_column_ends_the_reading_without_telling_what_stands_there(load):
    with pytest.raises(ConnectorError, match="no column is named `id` among its 2 columns") as raised:
        load("Ada,Lovelace\nBob,Bee\n", key="id")
    assert "Lovelace" not in str(raised.value)


def test_what_is_known_of_the_table_is_handed_on(load):
    proof = Completeness("complete", "manifest says bulk")
    raw = load("id,name\n1,Ada\n2,Bob\n", completeness=proof).raw
    assert (raw.name, raw.file, raw.rows, raw.completeness) == ("students", "students.csv", 2, proof)
