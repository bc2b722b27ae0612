"""Code lists: what a file may hold, and what becomes of a code."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConfigError
from rosterbus.mapping import UNMATCHED, match_sql, read_codes


@pytest.fixture
def write(tmp_path):
    def to_file(content: bytes):
        path = tmp_path / "grade.csv"
        path.write_bytes(content)
        return path

    return to_file


@pytest.mark.parametrize(
    "content",
    [
        b"from,to\n09,Freshman\n10,\n",
        b"from,to,note\r\n09,Freshman,as of 2026\r\n10,,\r\n",
        b"\xef\xbb\xbffrom,to\n09,Freshman\n\n10,\n",
        b'from,to\n"09","Freshman"\n10,',
    ],
)
def test_a_code_list_is_read(write, content):
    assert read_codes(write(content)) == {"09": "Freshman", "10": ""}


def test_values_are_taken_as_they_are(write):
    assert read_codes(write('from,to\n ä ," 1,\n2 "\n'.encode())) == {" ä ": " 1,\n2 "}


@pytest.mark.parametrize(
    ("content", "line", "sentence"),
    [
        (b"", None, "the code list has no header; found nothing; allowed: from,to,note"),
        (
            b"code,value\n",
            1,
            "the header of a code list is another one; found code,value; allowed: from,to,note",
        ),
        (b"from,to,note,more\n", 1, "the header of a code list is another one"),
        (b"From,To\n", 1, "the header of a code list is another one"),
        (b"from,to\na\n", 2, "the row has another number of columns than the header; found 1; allowed: 2"),
        (
            b"from,to\na,b,c\n",
            2,
            "the row has another number of columns than the header; found 3; allowed: 2",
        ),
        (
            b"from,to\na,1\nb,2\na,3\n",
            4,
            "a code stands twice in the column `from`; found `a` here and in line 2",
        ),
        (b"from,to\na,1\nb,\xe9\n", 3, "the code list is not UTF-8; save it as UTF-8"),
        (b'from,to\na,"1\n', 2, "the code list cannot be read: unexpected end of data"),
        (b'from,to\na,"1"x\n', 2, "the code list cannot be read"),
        (b"from,to\na,\x01failed\n", 2, "a cell holds a control character"),
    ],
)
def test_a_wrong_code_list_is_refused_with_its_line(write, content, line, sentence):
    path = write(content)
    with pytest.raises(ConfigError) as refusal:
        read_codes(path)
    assert refusal.value.line == line
    assert str(path) in str(refusal.value)
    assert sentence in str(refusal.value)


def test_a_code_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"the code list cannot be read: No such file"):
        read_codes(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("unmatched", "values"),
    [
        ("reject", ["Freshman", UNMATCHED, ""]),
        ("blank", ["Freshman", "", ""]),
        ("keep", ["Freshman", "13", ""]),
        ({"default": "It's"}, ["Freshman", "It's", ""]),
    ],
)
def test_an_unmatched_code_goes_the_declared_way(query, unmatched, values):
    sql = match_sql('"grade"', {"09": "Freshman", "10": "Sophomore"}, unmatched)
    assert query(sql, [{"grade": "09"}, {"grade": "13"}, {"grade": ""}]) == values


def test_a_blank_has_a_value_where_the_list_names_it(query):
    assert query(match_sql('"grade"', {"": "none"}, "reject"), [{"grade": ""}, {"grade": "1"}]) == [
        "none",
        UNMATCHED,
    ]


def test_an_empty_list_matches_nothing(query):
    assert query(match_sql('"grade"', {}, "reject"), [{"grade": "1"}]) == [UNMATCHED]


def test_quotes_in_codes_stay_text(query):
    codes = {"o'b": "'); DROP TABLE x; --", '"': "{}"}
    assert query(match_sql('"c"', codes, "reject"), [{"c": "o'b"}, {"c": '"'}]) == [
        "'); DROP TABLE x; --",
        "{}",
    ]


def test_a_list_of_thousands_of_codes_is_looked_up(query):
    codes = {f"school-{number}": f"S{number}" for number in range(5000)}
    sql = match_sql('"school_id"', codes, "blank")
    assert query(sql, [{"school_id": "school-4999"}, {"school_id": "school-5000"}]) == ["S4999", ""]


@pytest.mark.parametrize("unmatched", ["drop", {}, {"default": 1}, {"other": "x"}, None])
def test_another_way_for_unmatched_codes_is_refused(unmatched):
    with pytest.raises(ConfigError, match="no way to treat an unmatched code"):
        match_sql('"grade"', {}, unmatched)


def test_a_code_cannot_forge_a_sentinel():
    with pytest.raises(ConfigError, match="control characters"):
        match_sql('"grade"', {"1": UNMATCHED}, "reject")
