"""Who opted out is read whole or not at all."""

import pytest
from rosterbus.errors import ConfigError
from rosterbus.project import OptOut, read_optouts


def optouts(tmp_path, data: bytes):
    path = tmp_path / "optouts.csv"
    path.write_bytes(data)
    return read_optouts(path)


def test_ids_vendors_and_reasons_are_read_without_surrounding_blanks(tmp_path):
    data = b'\xef\xbb\xbfreason,id,vendor\r\n"parent, by letter", S1 ,\r\n\r\ncourt,S2,handshake\r\n'
    assert optouts(tmp_path, data) == [
        OptOut("S1", "", "parent, by letter"),
        OptOut("S2", "handshake", "court"),
    ]


def test_the_vendor_may_be_left_out(tmp_path):
    assert optouts(tmp_path, b"id,reason\nS1,letter") == [OptOut("S1", "", "letter")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1: the opt-outs have another header; allowed: the header `id,vendor,reason`"),
        (b"S1canary,letter\n", "line 1: the opt-outs have another header"),
        (b"id,reason,note\n", "another header"),
        (
            b"id,reason\nS1canary\n",
            "line 2: the line does not fit the header; found 1 columns; allowed: 2, as in the",
        ),
        (b"id,reason\n\nS1,a,canary\n", "line 3: the line does not fit the header; found 3 columns"),
        (b"id,reason\nS1,a\n ,canary\n", "line 3: `id`: the line names nobody"),
        (b'id,reason\nS1,"a"canary\n', "line 2: the line is not CSV"),
        (b"id,reason\nS1,\xeb\n", "not UTF-8"),
    ],
)
def test_a_damaged_list_is_refused_and_names_nobody(tmp_path, data, message):
    with pytest.raises(ConfigError, match=message) as caught:
        optouts(tmp_path, data)
    assert "canary" not in str(caught.value)


def test_a_missing_list_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_optouts(tmp_path / "gone.csv")
