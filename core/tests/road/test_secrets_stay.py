"""Tokens in every cell and in every secret: whatever happens, nobody reads them where they do not belong."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from rosterbus.cli import command_line
from village_kit import Village

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and umask are POSIX")

CELL, KEY, SECRET = "zqx", "zqk", "zqs"
"""What all tokens of one kind begin with: cells, students' and contacts' ids (a report may name these), secrets."""
PRIVATE = ("files", "spill", "extracts")
"""Folders whose files are the data itself; so are the Parquet files of a plan."""


def token(number: int, column: str, **instead: str) -> str:
    return instead.get(column, f"{CELL}{column}{number}")


def student(number: int, **instead: str) -> str:
    cells = [f"{KEY}{number}", token(number, "first", **instead), token(number, "last", **instead)]
    cells += [instead.get("mail", f"{CELL}mail{number}@example.org"), instead.get("born", "1903-02-17"), "1"]
    return ",".join([*cells, token(number, "class", **instead)])


def contact(number: int, **instead: str) -> str:
    return ",".join(
        [
            f"{KEY}c{number}",
            f"{KEY}{number}",
            token(number, "name", **instead),
            instead.get("phone", f"9175550{number:03}"),
        ]
    )


CONTACT_MARK = "9175550"


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The worst case: what is not made private is open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def guarded(village: Village, monkeypatch: pytest.MonkeyPatch) -> Village:
    """A village full of tokens, whose vendor wants a password from the environment."""
    monkeypatch.setenv("DROP_PASSWORD", f"{SECRET}-environment")
    village.write([student(n) for n in range(1, 41)], [contact(n) for n in range(1, 41)])
    village.pipeline(deliver='password = { env = "DROP_PASSWORD" }')
    os.umask(0)
    assert command_line(["baseline", "v", "--empty", "--folder", str(village.root)]) == 0
    os.umask(0)
    return village


class Ears:
    """Runs command lines and keeps every word: standard output and error, and all logs down to DEBUG."""

    def __init__(self, village: Village, capfd: pytest.CaptureFixture[str], caplog) -> None:
        self._village, self._capfd, self._caplog = village, capfd, caplog
        self.words = ""

    def run(self, *arguments: str) -> int:
        os.umask(0)
        code = command_line([*arguments, "--folder", str(self._village.root)])
        said = self._capfd.readouterr()
        self.words += said.out + said.err + self._caplog.text
        return code

    def hits(self) -> list[str]:
        """Where a token can be read that should not be there."""
        found = [f"words: {mark}" for mark in marks() if mark in self.words.lower()]
        for path in readable(self._village):
            text = path.read_bytes().lower()
            allowed = (KEY,) if "report" in path.parts else ()
            found += [
                f"{path.relative_to(self._village.root)}: {mark}"
                for mark in marks()
                if mark not in allowed and mark.encode() in text
            ]
        return found


def marks() -> tuple[str, ...]:
    return (CELL, KEY, SECRET, "1903-02-", "02/17/1903", CONTACT_MARK)


def readable(village: Village) -> list[Path]:
    """The files of the state folder that are not the data itself."""
    state = village.root / ".rosterbus"
    return [
        path
        for path in state.rglob("*")
        if path.is_file() and path.suffix != ".parquet" and not set(PRIVATE) & set(path.parts)
    ]


@pytest.fixture
def ears(guarded: Village, capfd: pytest.CaptureFixture[str], caplog) -> Iterator[Ears]:
    """Whoever listens; at the end of each test nothing may have been heard, and every file must be private."""
    caplog.set_level(logging.DEBUG)
    made = Ears(guarded, capfd, caplog)
    yield made
    for command in (("status",), ("history",), ("status", "--json")):
        made.run(*command)
    assert made.hits() == []
    state = guarded.root / ".rosterbus"
    assert [path for path in (state, *state.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_delivery_and_the_night_after(guarded: Village, ears: Ears) -> None:
    assert ears.run("plan", "v") == 0
    assert ears.run("run", "v") == 0
    assert ears.run("run", "v", "--json") == 0
    assert CELL in (guarded.boxes[0] / "students.csv").read_text(encoding="utf-8")


REJECTED = [
    student(1, mail=f"{CELL}-no-address"),
    student(2, born=f"{CELL}born"),
    student(3, born="1903-02-31"),
    student(4, first=""),
    student(5, first="same" + CELL, last="same" + CELL),
    student(6),
    student(6, mail=f"{CELL}other@example.org"),
    student(7, mail=f"{CELL}mail8@example.org"),
    student(8),
    student(9) + f",{CELL}too,{CELL}many",
    f"{KEY}10,{CELL}short",
    f'{KEY}11,"{CELL}unclosed',
]


def test_rows_that_are_rejected(guarded: Village, ears: Ears) -> None:
    guarded.write(
        [student(20), student(21), *REJECTED], [contact(20, phone=f"{CELL}12"), contact(21), contact(99)]
    )
    assert ears.run("run", "v", "--json") in (3, 4)
    assert ears.run("run", "v") in (0, 3, 4)


def test_an_export_without_a_header(guarded: Village, ears: Ears) -> None:
    text = (guarded.export / "students.csv").read_text(encoding="utf-8")
    (guarded.export / "students.csv").write_text(text.partition("\n")[2], encoding="utf-8")
    assert ears.run("run", "v") in (1, 2, 3)


def test_an_export_in_no_known_encoding(guarded: Village, ears: Ears) -> None:
    assert ears.run("run", "v") == 0
    text = (guarded.export / "students.csv").read_bytes()
    (guarded.export / "students.csv").write_bytes(text.replace(b"first2", b"\xe9\x81"))
    ears.run("run", "v")
    assert "rejected" in ears.words


def test_a_plan_that_is_held(guarded: Village, ears: Ears) -> None:
    assert ears.run("run", "v") == 0
    guarded.write([student(n) for n in range(1, 11)], [contact(n) for n in range(1, 11)])
    assert ears.run("plan", "v") == 3
    assert ears.run("run", "v", "--json") == 3
    assert ears.run("approve", "last", "--by", "Ada", "--reason", "announced") == 0
    assert ears.run("apply", "last") == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("refuse", 1),
        ("broken", 1),
        ("sent, broken", 3),
        ("lose answer", 75),
        ("unsure", 3),
        ("odd answer", 3),
        ("odd evidence", 3),
    ],
)
def test_a_delivery_that_ends_badly(guarded: Village, ears: Ears, fault: str, code: int) -> None:
    guarded.fault(fault)
    assert ears.run("run", "v") == code
    ears.run("run", "v", "--json")
    if code == 3:
        assert ears.run("settle", "last", "--arrived", "--by", "Ada", "--reason", "asked") == 0


@pytest.mark.parametrize("where", ["extract", "map"])
def test_a_source_that_breaks_with_a_cell_on_its_lips(
    guarded: Village, ears: Ears, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rosterbus_village
    from rosterbus.hookspecs import hookimpl

    def extract(settings, state):
        raise ValueError(f"{CELL} {KEY}")

    def map(settings, tables):
        raise ValueError(f"{CELL} {KEY}")

    monkeypatch.setattr(rosterbus_village, where, hookimpl(locals()[where]))
    assert ears.run("run", "v") == 1


def test_a_fault_of_rosterbus_itself(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    from rosterbus.delivery import applying

    def breaking(*_: object) -> None:
        raise KeyError(f"{CELL} {SECRET}")

    monkeypatch.setattr(applying, "begin", breaking)
    assert ears.run("run", "v") == 1


MAPPINGS = [
    "first_name = { transform = 'cast(first_name as integer)' }",
    "grade = { match = 'grade', codes = { '05' = 'Five' } }",
    "first_name = { transform = \"strptime(first_name, '%Y')\" }",
    "first_name = 'frist_name'",
    "first_name = { transform = 'read_text(first_name)' }",
]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_mapping_that_no_cell_fits(guarded: Village, ears: Ears, mapping: str) -> None:
    guarded.pipeline(deliver=f"contacts = false\n[deliver.drop.map.students.columns]\n{mapping}\n")
    assert ears.run("run", "v") in (1, 2, 3, 4)
    ears.run("check", "v")


@pytest.mark.parametrize(
    ("password", "told"),
    [
        (f'"{SECRET}"', "reference"),
        (f'{{ literal = "{SECRET}" }}', "reference"),
        ('{ env = "NOT_THERE" }', "not there"),
        ('{ file = "password.txt" }', "can be read by others"),
    ],
)
def test_a_secret_that_is_written_or_kept_wrongly(
    guarded: Village, ears: Ears, password: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(guarded.root)
    (guarded.root / "password.txt").write_text(f"{SECRET}-file", encoding="utf-8")
    guarded.pipeline(deliver=f"password = {password}")
    assert ears.run("run", "v") == 2
    assert told in ears.words
    ears.run("check", "v")


def test_a_secret_in_a_file(guarded: Village, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(guarded.root)
    secret = guarded.root / "password.txt"
    secret.write_text(f"{SECRET}-file\n", encoding="utf-8")
    secret.chmod(0o600)
    guarded.pipeline(deliver='password = { file = "password.txt" }')
    guarded.fault("sent, broken")
    assert ears.run("run", "v") == 3
    ears.run("check", "v")


def test_the_search_finds_what_a_connector_babbles(
    guarded: Village, capfd: pytest.CaptureFixture[str], caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    ears = Ears(guarded, capfd, caplog)
    guarded.fault("babble")
    assert ears.run("run", "v") == 1
    found = "\n".join(ears.hits())
    for mark in (CELL, KEY, SECRET, "02/17/1903"):
        assert f"words: {mark}" in found
    assert f".rosterbus/ledger.sqlite-wal: {CELL}" in found or f".rosterbus/ledger.sqlite: {CELL}" in found
