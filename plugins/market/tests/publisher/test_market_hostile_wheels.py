"""Wheels that are wrong in one way each are refused with a sentence of their own, and nothing of them runs."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosterbus_market.examining import Surroundings, examine
from rosterbus_market.refusals import WheelRefusedError

pytestmark = pytest.mark.usefixtures("nothing_ran")
KNOWN = Surroundings(
    known=("rosterbus-handshake", "rosterbus-samegoal"), core_requires=["click>=8", "duckdb>=2"]
)
Change = Callable[[Any], None]


def adds(name: str, content: bytes = b"import os\n") -> Change:
    """One more file, which RECORD names."""
    return lambda draft: draft.members.update({name.format(draft.package, info=draft.info): content})


def zips(*entries: tuple[str, bytes], **attributes: int) -> Change:
    """One more entry of the zip file that RECORD does not name."""

    def change(draft: Any) -> None:
        def write(archive: zipfile.ZipFile) -> None:
            for name, content in entries:
                info = zipfile.ZipInfo(name)
                for key, value in attributes.items():
                    setattr(info, key, value)
                archive.writestr(info, content)

        draft.zipped = write

    return change


def sets(**values: Any) -> Change:
    return lambda draft: vars(draft).update(values)


def both(*changes: Change) -> Change:
    def change(draft: Any) -> None:
        for one in changes:
            one(draft)

    return change


def patches(old: bytes, new: bytes, times: int = -1) -> Change:
    """Other bytes in the zip file itself."""
    return sets(patched=lambda data: data.replace(old, new, times))


def points(text: str) -> Change:
    return sets(points=text)


def asks(requirement: str) -> Change:
    return lambda draft: draft.requires.append(requirement)


def card(old: str, new: str) -> Change:
    def change(draft: Any) -> None:
        path = f"{draft.package}/connector.toml"
        draft.members[path] = draft.members[path].replace(old.encode(), new.encode())

    return change


def without(name: str) -> Change:
    return lambda draft: draft.members.pop(name.format(draft.package))


def first_entry_overlaps(data: bytes) -> bytes:
    """The directory's second line points at the first file."""
    at = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", at + 4)
    return data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :]


def encrypted(data: bytes) -> bytes:
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + b"\x01\x00" + data[at + 10 :]


def larger_than_it_says(data: bytes) -> bytes:
    """A file whose headers say that it has ten bytes."""
    at = data.index(b"PK\x01\x02")
    data = data[: at + 24] + struct.pack("<L", 10) + data[at + 28 :]
    return data[:22] + struct.pack("<L", 10) + data[26:]


def hidden_between(data: bytes) -> bytes:
    """Bytes between the last file and the directory."""
    at = data.index(b"PK\x01\x02")
    end = len(data) - 22
    start = struct.unpack_from("<L", data, end + 16)[0]
    tail = data[end : end + 16] + struct.pack("<L", start + 7) + data[end + 20 :]
    return data[:at] + b"PAYLOAD" + data[at:end] + tail


LINK = (stat.S_IFLNK | 0o777) << 16
SCRIPT = "[console_scripts]\nrosterbus = rosterbus_acme:main\n"
HOSTILE: dict[str, tuple[Change, str]] = {
    # The zip file
    "no zip": (sets(patched=lambda data: b"#!/bin/sh\n" * 9), "it is no zip file"),
    "data before": (sets(patched=lambda data: b"MZ--" + data), "data stands before its first file"),
    "data behind": (sets(patched=lambda data: data + b"tail"), "data stands behind its directory"),
    "cut short": (sets(patched=lambda data: data[:-30]), "cut short"),
    "data between": (sets(patched=hidden_between), "data that no file owns"),
    "overlapping": (sets(patched=first_entry_overlaps), "files overlap"),
    "encrypted": (sets(patched=encrypted), "is encrypted"),
    "says too little": (sets(patched=larger_than_it_says), "another size than it says"),
    "two names": (
        sets(
            patched=lambda data: data.replace(b"rosterbus_acme/__init__.py", b"rosterbus_acme/__evil__.py", 1)
        ),
        "another name in its own header",
    ),
    "changed byte": (
        sets(patched=lambda data: data[:45] + bytes([data[45] ^ 1]) + data[46:]),
        "another name in its own header",
    ),
    "twice": (
        both(
            zips(("rosterbus_acme/a.py", b"1"), ("rosterbus_acme/b.py", b"2")),
            patches(b"rosterbus_acme/b.py", b"rosterbus_acme/a.py"),
        ),
        "the same name",
    ),
    "upper case": (adds("rosterbus_acme/__INIT__.py"), "differ in upper and lower case only"),
    "file and folder": (
        both(adds("{0}/a"), adds("{0}/a/b")),
        "is a folder too",
    ),
    "dots": (adds("rosterbus_acme/../click/__init__.py"), "leads out of its folder"),
    "absolute": (zips(("/etc/cron.d/x", b"1")), "is an absolute path"),
    "drive": (zips(("C:/x.py", b"1")), "is an absolute path"),
    "backslash": (patches(b"rosterbus_acme/__init__.py", b"rosterbus_acme\\__init__.py"), "has a backslash"),
    "NUL": (patches(b"rosterbus_acme/__init__.py", b"rosterbus_acme/__init\x00_.py"), "has a NUL"),
    "look-alike letter": (adds("rosterbus_acme/c\u043elumns.py"), "letters that may look like others"),
    "folder entry": (zips(("rosterbus_acme/data/", b"")), "an entry for a folder"),
    "device": (adds("rosterbus_acme/con.py"), "not the same on every system"),
    "link": (zips(("rosterbus_acme/link", b"/etc/passwd"), external_attr=LINK), "is no plain file"),
    "bomb": (adds("rosterbus_acme/zeros.csv", bytes(5_000_000)), "grows too much"),
    "archive inside": (adds("rosterbus_acme/more.bin", b"PK\x03\x04more"), "an archive inside"),
    # Its files
    ".pth": (adds("rosterbus_acme.pth", b"import os"), "a .pth file"),
    ".pth inside": (adds("rosterbus_acme/x.pth", b"import os"), "a .pth file"),
    "sitecustomize": (adds("sitecustomize.py"), "imports at every start"),
    "usercustomize": (adds("usercustomize/__init__.py"), "imports at every start"),
    "shadowed module": (adds("click/__init__.py"), "a module outside its own package"),
    "shadowed core": (adds("rosterbus/secrets.py"), "a module outside its own package"),
    "scripts": (adds("rosterbus_acme-1.0.data/scripts/rosterbus"), "other folders of the environment"),
    "purelib": (adds("rosterbus_acme-1.0.data/purelib/click.py"), "other folders of the environment"),
    "other metadata": (adds("click-8.0.dist-info/METADATA"), "the metadata of another distribution"),
    "direct_url": (adds("{info}/direct_url.json"), "only an installer or a signer"),
    "odd metadata": (adds("{info}/hooks.py"), "does not belong there"),
    "extension": (adds("rosterbus_acme/fast.abi3.so"), "compiled code, which nobody can read"),
    "hidden extension": (adds("rosterbus_acme/data.bin", b"\x7fELF..."), "compiled code under another name"),
    "bytecode": (adds("rosterbus_acme/__pycache__/a.cpython-311.pyc"), "Python in compiled form"),
    "no package": (without("{0}/__init__.py"), "it has no package"),
    # Its name
    "platform wheel": (
        sets(file_name="rosterbus_acme-1.0-cp311-cp311-linux_x86_64.whl"),
        "for some platforms alone",
    ),
    "other version": (
        sets(file_name="rosterbus_acme-1.1-py3-none-any.whl"),
        "the metadata of another distribution",
    ),
    "odd spelling": (sets(file_name="rosterbus_acme-1.00-py3-none-any.whl"), "not the normal form"),
    "local version": (
        sets(file_name="rosterbus_acme-1.0+x-py3-none-any.whl"),
        "a local part or a build number",
    ),
    "build number": (
        sets(file_name="rosterbus_acme-1.0-9-py3-none-any.whl"),
        "a local part or a build number",
    ),
    "foreign name": (sets(file_name="requests-1.0-py3-none-any.whl"), "its name is none of a plugin"),
    "the core's name": (sets(file_name="rosterbus-1.0-py3-none-any.whl"), "claims to be rosterbus itself"),
    "METADATA of another": (
        adds("{info}/METADATA", b"Metadata-Version: 2.1\nName: rosterbus-other\nVersion: 1.0\n\n"),
        "METADATA names another distribution",
    ),
    "two names in METADATA": (
        adds(
            "{info}/METADATA",
            b"Metadata-Version: 2.1\nName: rosterbus-acme\nName: rosterbus-b\nVersion: 1.0\n\n",
        ),
        "unknown or stands there twice",
    ),
    "a screen's command": (
        adds(
            "{info}/METADATA",
            b"Metadata-Version: 2.1\nName: rosterbus-acme\nVersion: 1.0\nSummary: \x1b[2Jok\n\n",
        ),
        "commands a screen",
    ),
    "not pure": (
        adds("{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n"),
        "not pure",
    ),
    "other tags": (
        adds("{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp311-cp311-win_amd64\n"),
        "other tags than the file name",
    ),
    # RECORD
    "unlisted file": (zips(("rosterbus_acme/more.py", b"1")), "does not name a file that is there"),
    "missing file": (
        sets(record=lambda lines: [*lines, "rosterbus_acme/x.py,sha256=a,1"]),
        "a file that is not there",
    ),
    "swapped file": (
        sets(record=lambda lines: [line.replace(lines[0].split(",")[1], "sha256=AAAA") for line in lines]),
        "something else of",
    ),
    "hash left out": (
        sets(record=lambda lines: [lines[0].partition(",")[0] + ",,", *lines[1:]]),
        "something else of",
    ),
    "listed twice": (sets(record=lambda lines: [*lines, lines[0]]), "names a file twice"),
    # Entry points
    "stolen entry point": (
        points("[rosterbus.v1.extensions]\nhandshake = rosterbus_acme\n"),
        "which is the name of rosterbus-handshake",
    ),
    "other name": (
        points("[rosterbus.v1.extensions]\nother = rosterbus_acme\n"),
        "a name that is not its own",
    ),
    "other's module": (
        points("[rosterbus.v1.extensions]\nacme = rosterbus.secrets\n"),
        "a module of its own package",
    ),
    "module not there": (
        points("[rosterbus.v1.extensions]\nacme = rosterbus_acme.x\n"),
        "a module that is not there",
    ),
    "attribute": (
        points("[rosterbus.v1.extensions]\nacme = rosterbus_acme:x\n"),
        "a module of its own package",
    ),
    "script": (lambda draft: sets(points=draft.points + SCRIPT)(draft), "adds a command to the environment"),
    "pytest": (
        lambda draft: sets(points=draft.points + "[pytest11]\nacme = rosterbus_acme\n")(draft),
        "in a group of others",
    ),
    "odd line": (
        lambda draft: sets(points=draft.points + "  pytest = rosterbus_acme\n")(draft),
        "a line that is no",
    ),
    "none": (points("\n"), "entry points of one connector API"),
    # The card
    "no card": (without("{0}/connector.toml"), "which says what it is"),
    "broken card": (card("title =", "title"), "not TOML"),
    "other kind": (card('kind = "extension"', 'kind = "report"'), "other kinds than its entry points"),
    "nested kind": (card('kind = "extension"', "kind = [[]]"), "something else than it may"),
    "stolen command": (
        card('maturity = "draft"', 'maturity = "draft"\ncommands = { run = "x" }'),
        "a command of the core",
    ),
    "hidden text": (card("upload.example.org", "a\u202egro.elpmaxe"), "commands a screen"),
    "page that runs": (
        card('maturity = "draft"', 'maturity = "draft"\npages = ["javascript:alert(1)"]'),
        "no address of a page",
    ),
    # Requirements
    "direct reference": (asks("click @ https://example.org/click.whl"), "a place to load from"),
    "option": (asks("--pre"), "an option of an installer"),
    "added unknown plugin": (asks("rosterbus-confused>=1"), "that this marketplace does not have"),
    "look-alike requirement": (asks("clikc>=1"), "whose name looks like `click`"),
    "no requirement": (asks("click ((("), "a requirement cannot be read"),
    "older core": (sets(requires=["rosterbus>=0.1,<0.2"]), "hold back a package"),
    "pins what the core has": (asks("duckdb==1.0"), "hold back a package"),
    "no core": (sets(requires=[]), "the lowest core that it works with"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_wheel_is_refused_for_what_is_wrong_with_it(
    kind: str, tmp_path: Path, draft: Callable[..., Any]
):
    change, sentence = HOSTILE[kind]
    made = draft()
    change(made)
    wheel = made.write(tmp_path)

    with pytest.raises(WheelRefusedError) as refused:
        examine(wheel, KNOWN)

    assert sentence in str(refused.value)
    assert str(refused.value).startswith(f"{wheel.name} is refused: ")


def test_a_wheel_that_is_right_passes_and_says_all_of_itself(tmp_path: Path, draft: Callable[..., Any]):
    examined = examine(
        draft(requires=["rosterbus>=0.1.0", "rosterbus-handshake>=1", "httpx>=1"]).write(tmp_path), KNOWN
    )

    assert (examined.distribution, examined.version, examined.core_floor) == (
        "rosterbus-acme",
        "1.0",
        "0.1.0",
    )
    assert examined.entry_points == {"extension:acme": "rosterbus_acme"}
    assert (examined.api, examined.requires_python, examined.changes) == (1, ">=3.11", "- Everything.")
    assert examined.card.hosts == ("upload.example.org",)
    assert examined.description == "Rosters for Acme"


def test_a_wheel_that_was_written_as_a_stream_passes(tmp_path: Path, draft: Callable[..., Any]):
    """Sizes and checksums then stand behind each file."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    written, stream = draft().write(tmp_path), Stream()
    with zipfile.ZipFile(written) as plain, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in plain.infolist():
            archive.writestr(one.filename, plain.read(one))
    written.write_bytes(stream.data)

    assert examine(written, KNOWN).distribution == "rosterbus-acme"
    written.write_bytes(stream.data.replace(b"PK\x07\x08", b"PK\x07\x09", 1))
    with pytest.raises(WheelRefusedError, match="something else behind itself"):
        examine(written, KNOWN)


@pytest.mark.parametrize(
    "name",
    [
        "handshakes",
        "handshak",
        "handhsake",
        "handshoke",
        "hand-shake",
        "handsh4ke",
        "same-goa1",
        "sarnegoal",
        "samegoai",
    ],
)
def test_a_name_that_could_be_taken_for_another_is_refused(
    name: str, tmp_path: Path, draft: Callable[..., Any]
):
    wheel = draft(name=f"rosterbus-{name}").write(tmp_path)

    with pytest.raises(WheelRefusedError, match="could be taken for"):
        examine(wheel, KNOWN)


def test_a_name_that_a_person_accepted_and_one_that_is_known_pass(tmp_path: Path, draft: Callable[..., Any]):
    alike = draft(name="rosterbus-handshakes").write(tmp_path)

    examine(alike, Surroundings(known=KNOWN.known, accepted=("rosterbus-handshakes",)))
    examine(alike, Surroundings(known=(*KNOWN.known, "rosterbus-handshakes")))


def test_a_requirement_that_would_change_a_version_held_fast_is_refused(
    tmp_path: Path, draft: Callable[..., Any]
):
    wheel = draft(requires=["rosterbus>=0.1.0", "idna>=9"]).write(tmp_path)

    with pytest.raises(WheelRefusedError, match=r"would change idna 3\.2, which is held fast here"):
        examine(wheel, Surroundings(core_requires=["click>=8"], pins={"idna": "3.2"}))


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"sha256": "0" * 64}, "of another wheel (`sha256`)"),
        ({"wheel": "rosterbus_b-1.0-py3-none-any.whl"}, "of another wheel (`wheel`)"),
        ({"distribution": "rosterbus-b"}, "of another wheel (`distribution`)"),
        ({"version": "2.0"}, "of another wheel (`version`)"),
        ({"plugins": ["source:acme"]}, "of another wheel (`plugins`)"),
        ({"api": 2}, "of another wheel (`api`)"),
        ({"described": {"extension:b": {}}}, "describes another plugin"),
        ({"because": ["its rules name no source"]}, "says what speaks against it"),
        ({"outcomes": []}, "no test that passed"),
        ({"standing": "failed"}, "says that the conformance suite failed"),
        (
            {"schema_of_outcome": "failed"},
            "the conformance suite failed, and its certificate says `certified`",
        ),
        ({"schema_of_outcome": "waived"}, "leaves a test out without a reason"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_certificate_that_is_not_the_wheels_own_is_refused(
    other: dict[str, Any],
    sentence: str,
    tmp_path: Path,
    draft: Callable[..., Any],
    certify: Callable[..., Path],
):
    from rosterbus.certificates import TestOutcome

    wheel = draft().write(tmp_path)
    if outcome := other.pop("schema_of_outcome", None):
        other["outcomes"] = [TestOutcome("a::b", "p", "passed"), TestOutcome("a::c", "p", outcome)]
    certify(wheel, other)

    with pytest.raises(WheelRefusedError) as refused:
        examine(wheel, KNOWN)

    assert sentence in str(refused.value)


def test_a_certificate_that_is_no_certificate_is_refused(
    tmp_path: Path, draft: Callable[..., Any], certify: Callable[..., Path]
):
    wheel = draft().write(tmp_path)
    certify(wheel).write_text('{"schema": 1, "distribution": []}', encoding="utf-8")

    with pytest.raises(WheelRefusedError, match="its certificate cannot be used"):
        examine(wheel, KNOWN)
