"""The header of a raw table: which columns it has, what they are called, and which never enter the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from rosterbus.errors import ConnectorError
from rosterbus.findings import Finding


@dataclass(frozen=True)
class Header:
    """The columns of a raw table: `names` of those kept, at the positions `kept` (from 0) of `width`."""

    names: tuple[str, ...]
    kept: tuple[int, ...]
    width: int
    findings: tuple[Finding, ...] = field(default=())

    @property
    def keeps_all(self) -> bool:
        return len(self.kept) == self.width


def read_header(
    cells: Sequence[str],
    *,
    file: str,
    rename: Mapping[str, str] | None = None,
    drop: AbstractSet[str] = frozenset(),
) -> Header:
    """Name the columns: renamed, without the dropped ones, and each name once, whatever its case.

    A column that has no name, or the name of an earlier one, gets a name with its position, and a finding.
    Raises ConnectorError where no column is left.
    """
    spellings = [(rename or {}).get(cell, cell) for cell in cells]
    unwanted = {name.strip().lower() for name in drop}
    kept = [
        position
        for position, cell in enumerate(cells)
        if not {cell.strip().lower(), spellings[position].strip().lower()} & unwanted
    ]
    if not kept:
        raise ConnectorError(
            f"{file}: the header leaves no column to read; check that the first row is the header"
        )
    names, unnamed, repeated = _each_once(spellings, kept)
    findings = [*_unnamed(file, unnamed), *_repeated(file, repeated)]
    return Header(tuple(names), tuple(kept), len(cells), tuple(findings))


def require_key(header: Header, key: str | None, *, file: str) -> None:
    """Raise ConnectorError where the key column is not among the columns.

    The names that were found are not told: where the header row is missing they are somebody's data.
    """
    if key is not None and key not in header.names:
        raise ConnectorError(
            f"{file}: no column is named `{key}` among its {header.width} columns, so nobody can say "
            "whose rows these are; check that the first row is the header and spells it exactly so"
        )


def _each_once(spellings: Sequence[str], kept: Sequence[int]) -> tuple[list[str], list[int], list[int]]:
    # The engine's names ignore case, and `_row` is the row number.
    taken = {"_row", *(spelling.lower() for spelling in spellings)}
    seen = {"_row"}
    names: list[str] = []
    unnamed: list[int] = []
    repeated: list[int] = []
    for position in kept:
        name = spellings[position]
        if not name.strip():
            unnamed.append(position + 1)
            name = _invent("column", position + 1, taken)
        elif name.lower() in seen:
            repeated.append(position + 1)
            name = _invent(name, position + 1, taken)
        seen.add(name.lower())
        names.append(name)
    return names, unnamed, repeated


def _invent(name: str, position: int, taken: set[str]) -> str:
    invented = f"{name} ({position})"
    while invented.lower() in taken:
        invented += "*"
    taken.add(invented.lower())
    return invented


def _unnamed(file: str, positions: list[int]) -> list[Finding]:
    if not positions:
        return []
    return [
        Finding(
            severity="warn",
            rule="unnamed column",
            sentence=f"{file}: the header names nothing in column {_listed(positions)}",
            cause="a delimiter at the end of the header, or a column without a title",
            numbers={"columns": positions},
        )
    ]


def _repeated(file: str, positions: list[int]) -> list[Finding]:
    if not positions:
        return []
    return [
        Finding(
            severity="hold",
            rule="repeated column",
            sentence=f"{file}: column {_listed(positions)} has the name of an earlier column, "
            "so nobody can say which one is meant",
            cause="an export that has a column twice, or a file without its header row",
            numbers={"columns": positions},
        )
    ]


def _listed(positions: list[int]) -> str:
    return ", ".join(map(str, positions))
