"""Bytes become text in the declared encoding, or their record is rejected."""

import pytest
from rosterbus.errors import ConfigError, ConnectorError


def test_a_byte_order_mark_is_no_part_of_the_first_header(load, rows, read_by_engine):
    loaded = load(b'\xef\xbb\xbf"id",name\n1,Zo\xc3\xab\n')
    assert loaded.raw.columns == ("id", "name")
    assert rows() == [(2, "1", "Zoë")]
    assert read_by_engine()
    assert loaded.findings == ()


def test_undecodable_bytes_reject_their_record_alone(load, rows):
    loaded = load(b'id,name,city\n1,Ada,\xc3\x85s\n2,Zo\xeb,K\xf8ge\n\n3,"Jos\xe9\n",x\n4,Bob,x\n')
    assert rows() == [(2, "1", "Ada", "Ås"), (6, "4", "Bob", "x")]
    assert [(p.row, p.column, p.kind) for p in loaded.problems] == [
        (3, "name", "encoding"),
        (3, "city", "encoding"),
        (5, "name", "encoding"),
    ]
    assert loaded.rejected == 2
    assert loaded.read == 4
    assert loaded.problems[0].message == (
        'the bytes are not valid utf-8 but valid windows-1252; declare encoding = "windows-1252" '
        "if that is what the export is"
    )


def test_a_sequence_cut_off_at_the_end_of_the_file_is_undecodable(load, rows):
    loaded = load(b"id,name\n1,Ada\n2,Zo\xc3")
    assert rows() == [(2, "1", "Ada")]
    assert [(p.row, p.kind) for p in loaded.problems] == [(3, "encoding")]


def test_the_declared_encoding_is_used(load, rows):
    assert load("id,name\n1,Zoë “Zo” Łęcki\n".encode("cp1250"), encoding="cp1250").problems == ()
    assert rows() == [(2, "1", "Zoë “Zo” Łęcki")]


def test_windows_1252_is_strict(load, rows):
    loaded = load(b"id,name\n1,Zo\xeb\n2,Zo\x81\n", encoding="windows-1252")
    assert rows() == [(2, "1", "Zoë")]
    assert [(p.row, p.kind) for p in loaded.problems] == [(3, "encoding")]
    assert "not valid cp1252" in loaded.problems[0].message
    assert "ask whoever exports the file" in loaded.problems[0].message


def test_utf_8_that_was_declared_something_narrower_is_named(load):
    (problem,) = load("id,name\n1,Zoë\n".encode(), encoding="ascii").problems
    assert 'declare encoding = "utf-8"' in problem.message


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_of_another_encoding_decides_and_is_told(load, rows, codec):
    loaded = load(("\ufeff" + 'id,name\r\n1,"Zoë\r\n𝕏"\r\n2\r\n3,Bob\r\n').encode(codec))
    assert loaded.raw.columns == ("id", "name")
    assert rows() == [(2, "1", "Zoë\r\n𝕏"), (4, "3", "Bob")]
    assert [(f.severity, f.rule) for f in loaded.findings] == [("warn", "byte-order mark")]
    assert codec[:6] in loaded.findings[0].sentence


def test_half_a_character_of_utf_16_rejects_its_record(load, rows):
    content = "\ufeffid,name\n1,Ada\n2,A\ud800a\n3,Bob\n4,Cy".encode("utf-16-le", "surrogatepass")
    loaded = load(content[:-1])
    assert rows() == [(2, "1", "Ada"), (4, "3", "Bob")]
    assert [(p.row, p.kind) for p in loaded.problems] == [(3, "encoding"), (5, "encoding")]


def test_a_header_that_cannot_be_decoded_ends_the_reading(load):
    with pytest.raises(ConnectorError, match=r'row 1: the header cannot be read.*encoding = "windows-1252"'):
        load(b"id,pr\xe9nom\n1,Ada\n")


def test_utf_16_without_a_mark_is_recognised_in_the_header(load):
    with pytest.raises(ConnectorError, match='NUL characters; declare encoding = "utf-16"'):
        load("id,name\n1,Ada\n".encode("utf-16-le"))


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "zip"])
def test_an_encoding_that_does_not_exist_is_a_mistake_in_the_settings(load, encoding):
    with pytest.raises(ConfigError, match=f"`encoding`.*found '{encoding}'; allowed"):
        load("id\n1\n", encoding=encoding)


def test_a_nul_character_rejects_its_record(load, rows):
    loaded = load("id,name\n1,A\0da\n2,Bob\n")
    assert rows() == [(3, "2", "Bob")]
    assert [(p.row, p.column, p.kind) for p in loaded.problems] == [(2, "name", "nul")]


def test_a_replacement_character_in_the_file_itself_is_kept_as_it_is(load, rows):
    load("id,name\n1,Zo\ufffd\n")
    assert rows() == [(2, "1", "Zo\ufffd")]
