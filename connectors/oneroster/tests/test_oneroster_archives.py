"""Hostile and damaged zips are refused before anything of them is used."""

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from rosterbus.errors import ConnectorError

USERS = b"sourcedId,role,givenName,familyName\nS1,student,Ada,Lee\n"
ORGS = b"sourcedId,name,type\nO1,Elm,school\n"
GOOD = {"users.csv": USERS, "orgs.csv": ORGS}


def archive(path: Path, *extra: tuple[zipfile.ZipInfo | str, bytes], good: bool = True) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in GOOD.items() if good else ():
            package.writestr(name, data)
        for info, data in extra:
            package.writestr(info, data)
    return path


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("demographics.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def pipe() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("demographics.csv")
    info.external_attr = (stat.S_IFIFO | 0o600) << 16
    return info


def packed_otherwise(method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("demographics.csv")
    info.compress_type = method
    return info


HOSTILE = {
    "a path upwards": ("../demographics.csv", "would leave its folder"),
    "a path upwards in the middle": ("a/../../demographics.csv", "would leave its folder"),
    "an absolute path": ("/etc/demographics.csv", "would leave its folder"),
    "a drive": ("C:demographics.csv", "would leave its folder"),
    "a backslash": ("..\\demographics.csv", "would leave its folder"),
    "a control character": ("demo\x1bgraphics.csv", "cannot be printed"),
    "a case that collides": ("USERS.csv", "twice"),
    "an archive within": ("more.zip", "archive within the archive"),
    "a packed file within": ("users.csv.gz", "archive within the archive"),
    "a link": (link(), "link or a device"),
    "a pipe": (pipe(), "link or a device"),
    "bzip2": (packed_otherwise(zipfile.ZIP_BZIP2), "otherwise than by DEFLATE"),
    "lzma": (packed_otherwise(zipfile.ZIP_LZMA), "otherwise than by DEFLATE"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses_a_member_that_means_harm(name, extract, tmp_path):
    info, sentence = HOSTILE[name]
    path = archive(tmp_path / "export.zip", (info, b"x"))
    with pytest.raises(ConnectorError, match=sentence):
        extract(path)
    assert {one.name for one in tmp_path.rglob("*") if one.is_file()} == {"export.zip"}


def test_refuses_a_name_that_stands_twice(extract, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "export.zip", ("users.csv", USERS))
    with pytest.raises(ConnectorError, match=r"holds the name 'users.csv' twice"):
        extract(path)


def test_refuses_more_members_than_the_standard_has_files(extract, tmp_path):
    path = archive(tmp_path / "export.zip", *((f"extra{number}.csv", b"x") for number in range(63)))
    with pytest.raises(ConnectorError, match="65 members"):
        extract(path)


def test_refuses_an_encrypted_member(extract, tmp_path):
    path = archive(tmp_path / "export.zip")
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + flags
        data[at] |= 1
    path.write_bytes(data)
    with pytest.raises(ConnectorError, match="without a password"):
        extract(path)


def test_refuses_a_member_that_unpacks_to_far_more_than_its_size(extract, tmp_path):
    path = archive(tmp_path / "export.zip", ("demographics.csv", b"0" * (8 << 20)))
    with pytest.raises(ConnectorError, match="more than 200 times its size"):
        extract(path)


def test_counts_what_it_unpacks_and_stops_at_the_limit(extract, tmp_path, monkeypatch):
    noise = os.urandom(200_000)
    path = archive(tmp_path / "export.zip", ("demographics.csv", noise), ("classes.csv", noise))
    monkeypatch.setattr("rosterbus_oneroster.package.GIGABYTE", 100_000)
    with pytest.raises(ConnectorError, match="raise `most_unpacked`"):
        extract(path, most_unpacked=3)
    with pytest.raises(
        ConnectorError, match=r"demographics.csv is no OneRoster|classes.csv is no OneRoster|no header"
    ):
        extract(path, most_unpacked=8)


def test_does_not_believe_the_size_that_a_member_declares(extract, tmp_path):
    path = archive(tmp_path / "export.zip", ("demographics.csv", b"0" * (8 << 20)))
    data = bytearray(path.read_bytes())
    true, small = struct.pack("<L", 8 << 20), struct.pack("<L", 100)
    path.write_bytes(data.replace(true, small))
    with pytest.raises(ConnectorError):
        extract(path)


def test_refuses_members_that_share_their_bytes(extract, tmp_path):
    data = bytearray(archive(tmp_path / "export.zip").read_bytes())
    first, second = data.index(b"PK\x01\x02"), data.rindex(b"PK\x01\x02")
    # both entries of the directory now lead to the first member, under its own name
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    with pytest.raises(ConnectorError, match="overlap"):
        extract(path)


@pytest.mark.parametrize("keep", [0, 20, 100, -30])
def test_a_damaged_zip_is_no_zip(keep, extract, tmp_path):
    path = archive(tmp_path / "export.zip")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ConnectorError, match="no zip that can be read"):
        extract(path)


def test_a_changed_byte_is_noticed(extract, tmp_path):
    path = archive(tmp_path / "export.zip")
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ConnectorError):
        extract(path)


def test_what_it_unpacks_is_private_from_creation(extract, zipped, v11, monkeypatch):
    before = os.umask(0)
    try:
        answer = extract(zipped(v11))
    finally:
        os.umask(before)
    paths = [table.path for table in answer.tables.values()]
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        assert stat.S_IMODE(paths[0].parent.stat().st_mode) == 0o700


def test_unpacks_only_what_it_reads(extract, zipped, v11):
    answer = extract(zipped({**v11, "lineItems": "sourcedId\n1\n", "notes.txt": "hello"}))
    unpacked = {path.name for path in answer.tables["users"].path.parent.iterdir()}
    assert unpacked == {f"{name}.csv" for name in v11}


def test_an_enclosing_folder_is_accepted_with_a_finding(extract, zipped, v11):
    answer = extract(zipped({**v11, "__MACOSX/._users.csv": b"\x00"}, folder="export 2026/"))
    assert set(answer.tables) == set(v11) - {"manifest"}
    assert "enclosing folder" in {finding.rule for finding in answer.findings}


def test_a_zip_with_bytes_before_it_is_still_read(extract, zipped, v11, tmp_path):
    """Some producers put a stub in front; the offsets of the directory say where the members are."""
    path = tmp_path / "stub.zip"
    path.write_bytes(b"#!/bin/sh\n" + zipped(v11).read_bytes())
    assert "users" in extract(path).tables


def test_the_ratio_of_ordinary_repetition_is_allowed(extract, zipped, v11):
    header, row = v11["users"][:2]
    v11["users"] = [header, *([f"S{number}", *row[1:]] for number in range(30_000))]
    path = zipped(v11)
    assert path.stat().st_size * 10 < 30_000 * len(",".join(row))
    assert "users" in extract(path).tables


def test_zlib_garbage_is_no_zip(extract, tmp_path):
    data = zlib.compress(USERS)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        info = zipfile.ZipInfo("users.csv")
        package.writestr(info, data)
    raw = bytearray(buffer.getvalue())
    for mark, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = raw.index(mark) + method
        raw[at : at + 2] = struct.pack("<H", zipfile.ZIP_DEFLATED)
    path = tmp_path / "export.zip"
    path.write_bytes(raw)
    with pytest.raises(ConnectorError, match="no zip that can be read"):
        extract(path)
