"""Every key of a TOML file has the line on which a person would look for it."""

import tomllib
from textwrap import dedent

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from rosterbus.project.toml_lines import key_lines


def paths_of(value, at=()):
    yield at
    if isinstance(value, dict):
        for key, below in value.items():
            yield from paths_of(below, (*at, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from paths_of(below, (*at, index))


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1", ("a",), 1),
        ("\n\n# a = 0\na = 1\n", ("a",), 4),
        ("a.b.c = 1\na.b.d = 2\n", ("a", "b", "d"), 2),
        ("a.b.c = 1\na.b.d = 2\n", ("a", "b"), 1),
        ("\"a.b\" . 'c d' = 1", ("a.b", "c d"), 1),
        ('"a\\u0062" = 1\n"x" = "]"\ny = 2', ("ab",), 1),
        ('a = """\nb = 1\n"quoted" \\""" c\n"""\nb = 2', ("b",), 5),
        ('a = """x"""""\nb = 2', ("b",), 2),
        ("a = '''\nb = 1\n'''''\nb = 2", ("b",), 4),
        ("a = '''it's'''\nb = 2", ("b",), 2),
        ('a = "# [b]"\r\nb = 2\r\n', ("b",), 2),
        ("a = [\n  1, # one\n\n  [2, 3],\n  { x = 4 },\n]\nb = 1", ("a", 1, 1), 4),
        ("a = [\n  1, # one\n\n  [2, 3],\n  { x = 4 },\n]\nb = 1", ("a", 2, "x"), 5),
        ("a = [\n  1, # one\n\n  [2, 3],\n  { x = 4 },\n]\nb = 1", ("b",), 7),
        ("a = { b.c = 1, d = [ 2, \n 3 ] }", ("a", "b", "c"), 1),
        ("a = { b.c = 1, d = [ 2, \n 3 ] }", ("a", "d", 1), 2),
        ("a = {}\nb = []\nc = 3", ("c",), 3),
        ("[x]\n[x.y]\na = 1", ("x", "y", "a"), 3),
        ("[x.y]\na = 1\n[x]\nb = 2", ("x",), 3),
        ("[[x]]\na = 1\n[[x]]\na = 2", ("x", 1, "a"), 4),
        ("[[x]]\na = 1\n[[x]]\na = 2", ("x",), 1),
        ("[[x]]\n[[x.y]]\n[[x.y]]\nk = 1\n[[x]]\n[[x.y]]\nk = 2", ("x", 0, "y", 1, "k"), 4),
        ("[[x]]\n[[x.y]]\n[[x.y]]\nk = 1\n[[x]]\n[[x.y]]\nk = 2", ("x", 1, "y", 0, "k"), 7),
        ("[[x]]\n[x.t]\nk = 1\n[[x]]\n[x.t]\nk = 2", ("x", 1, "t", "k"), 6),
        ('["a b".c] # [d]\nk = 1', ("a b", "c", "k"), 2),
        ("day = 2026-07-15 10:00:00.5\nn = -1.5e-3\nm = 1_000\nz = +inf", ("z",), 4),
        ("09 = 1\n-x = 2", ("-x",), 2),
    ],
)
def test_a_key_has_its_line(text, path, line):
    tomllib.loads(text)
    assert key_lines(text)[path] == line


def test_every_path_has_a_line_and_nothing_else_has_one():
    text = dedent("""
        name = "x"
        fruit.apple.color = "red"
        list = [[1, 2], [{ a = 1 }, { a.b = 2 }]]
        [deliver.handshake]
        codes = { "12" = "Senior", '11' = "Junior" }
        [[expect]]
        school = '''
        0123'''
        [[expect]]
        [[expect.inner]]
        k = 1
        [deliver.samegoal."First Name"]
        x = "a = 1 # [no]"
    """)
    assert set(key_lines(text)) == {path for path in paths_of(tomllib.loads(text)) if path}


KEYS = st.text(min_size=1, max_size=5)
LEAVES = st.text(max_size=9) | st.booleans() | st.integers(-9, 9) | st.dates() | st.floats(allow_nan=False)
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_whatever_was_written_every_path_has_a_line(values, multiline):
    text = tomli_w.dumps(values, multiline_strings=multiline)
    assert set(key_lines(text)) == {path for path in paths_of(tomllib.loads(text)) if path}
