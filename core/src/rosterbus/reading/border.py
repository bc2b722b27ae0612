"""The border: which records are rows that can be read, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from rosterbus.findings import Finding, Problem
from rosterbus.reading.header import Header
from rosterbus.reading.records import Fault, Record

LIKELY = ("utf-8", "windows-1252")


@dataclass
class Border:
    """Sorts the records of one file into rows and problems; `encoding` is what its text was decoded from."""

    file: str
    header: Header
    encoding: str = "utf-8"
    problems: list[Problem] = field(default_factory=list)
    rejected: int = 0
    _swallowed: list[Record] = field(default_factory=list)

    def rows(self, records: Iterable[Record]) -> Iterator[tuple[int, list[str]]]:
        """The number and the kept cells of every record that can be read; blank records are passed over."""
        choose = self._chooser()
        for record in records:
            if not record.cells and record.fault is None:
                continue
            faults = self._structure(record)
            cells = [] if faults else choose(record.cells)
            faults = faults or self._content(cells)
            if faults:
                self._reject(record, faults)
            else:
                yield record.number, cells

    def findings(self) -> list[Finding]:
        """What is wrong with the file as a whole: quotes that swallowed lines."""
        if not self._swallowed:
            return []
        first, lines = self._swallowed[0], sum(record.lines for record in self._swallowed)
        return [
            Finding(
                severity="hold",
                rule="unbalanced quote",
                sentence=f"{self.file}: the quote opened in row {first.number} is not closed where it "
                f"should be, and {lines} lines became {len(self._swallowed)} unreadable records",
                cause="a quote inside a value that was not doubled, or a file that was cut off",
                if_nothing="everybody who stands in those lines is missing",
                numbers={"row": first.number, "records": len(self._swallowed), "lines": lines},
            )
        ]

    def _chooser(self) -> Callable[[list[str]], list[str]]:
        if self.header.keeps_all:
            return lambda cells: cells
        if len(self.header.kept) == 1:
            only = self.header.kept[0]
            return lambda cells: [cells[only]]
        chosen = itemgetter(*self.header.kept)
        return lambda cells: list(chosen(cells))

    def _structure(self, record: Record) -> list[Fault]:
        found, wanted = len(record.cells), self.header.width
        if record.fault:
            return [record.fault]
        if found == wanted:
            return []
        kind = "too-many-columns" if found > wanted else "missing-columns"
        return [Fault(kind, f"the record has {found} columns where the header has {wanted}")]

    def _content(self, cells: list[str]) -> list[Fault]:
        text = "".join(cells)
        if (text.isascii() or is_decoded(text)) and "\0" not in text:
            return []
        return [
            fault
            for name, cell in zip(self.header.names, cells, strict=True)
            for fault in self._cell(name, cell)
        ]

    def _cell(self, name: str, cell: str) -> list[Fault]:
        if not is_decoded(cell):
            return [Fault("encoding", explain_undecodable(cell, self.encoding), name)]
        if "\0" in cell:
            return [
                Fault("nul", "the value holds a NUL character, which no text has; the file is damaged", name)
            ]
        return []

    def _reject(self, record: Record, faults: list[Fault]) -> None:
        self.rejected += 1
        malformed = not faults[0].column
        if faults[0].kind == "unclosed-quote" or (malformed and record.lines > 1):
            self._swallowed.append(record)
        self.problems += [
            Problem(self.file, record.number, fault.column, fault.message, kind=fault.kind)
            for fault in faults
        ]


def is_decoded(text: str) -> bool:
    """Whether a text is whole: no stand-in for an undecodable byte, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def explain_undecodable(text: str, encoding: str) -> str:
    """Say that marked text is not in the encoding, and which one it may be in."""
    wrong = f"the bytes are not valid {encoding}"
    try:
        raw = text.encode(encoding, "surrogateescape")
    except UnicodeError:
        return f"{wrong}; the file is damaged or in another encoding"
    for other in LIKELY:
        if other != encoding and b"\0" not in raw and _decodes(raw, other):
            return f'{wrong} but valid {other}; declare encoding = "{other}" if that is what the export is'
    return f"{wrong}; ask whoever exports the file which encoding it is in"


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
