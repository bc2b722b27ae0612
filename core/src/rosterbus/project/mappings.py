"""The mapping entries of a pipeline: what it changes in a layout or corrects in the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rosterbus.project.documents import Document
from rosterbus.project.validation import kind_of, nearest

Unmatched = Literal["reject", "blank", "keep"] | Mapping[str, str]
FORMS = (
    '"roster_column"',
    '{ match = "roster_column", codes = { ... } or "codes/FILE.csv" }',
    '{ transform = "SQL expression" }',
    '{ value = "constant" }',
    "{ skip = true }",
)
_UNMATCHED = ('"reject"', '"blank"', '"keep"', '{ default = "X" }')


@dataclass(frozen=True)
class MappingEntry:
    """Where one column comes from: exactly one of the first five, or none beside a `rename` alone.

    `codes` goes with `match`: pairs, or a CSV file by its path below the project folder. `rename` gives a
    column of an open layout another header.
    """

    direct: str | None = None
    match: str | None = None
    transform: str | None = None
    value: str | None = None
    skip: bool = False
    codes: Mapping[str, str] | str = field(default_factory=dict)
    unmatched: Unmatched = "reject"
    rename: str | None = None

    @property
    def only_renames(self) -> bool:
        """Whether the column keeps the source that its layout declares."""
        return not self.skip and (self.direct, self.match, self.transform, self.value) == (None,) * 4


@dataclass(frozen=True)
class LayoutMap:
    """What a pipeline changes in one layout. `where` is a condition over roster columns; blank: none."""

    where: str = ""
    columns: Mapping[str, MappingEntry] = field(default_factory=dict)


def read_layout_map(document: Document, raw: Any, at: tuple[str, ...]) -> LayoutMap:
    """Read ``[deliver.<name>.map.<layout>]``."""
    written = table(document, raw, at, allowed=("where", "columns"))
    where = _text(document, written.get("where", ""), (*at, "where"))
    return LayoutMap(where, read_columns(document, written.get("columns", {}), (*at, "columns")))


def read_corrections(document: Document, raw: Any, at: tuple[str, ...]) -> dict[str, MappingEntry]:
    """Read ``[source.map.<roster table>]``: corrections of columns, which keep their names."""
    written = table(document, raw, at, allowed=("columns",))
    entries = read_columns(document, written.get("columns", {}), (*at, "columns"))
    for name, entry in entries.items():
        if entry.rename is not None:
            raise document.error((*at, "columns", name, "rename"), "a roster column keeps its name")
    return entries


def read_columns(document: Document, raw: Any, at: tuple[str, ...]) -> dict[str, MappingEntry]:
    """Read a ``columns`` table: one entry for each column, by header or attribute."""
    written = table(document, raw, at)
    return {name: _entry(document, value, (*at, name)) for name, value in written.items()}


def table(
    document: Document, raw: Any, at: Sequence[str | int], *, allowed: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Check that a value is a table, and that it has no other keys than `allowed` (none given: any)."""
    if not isinstance(raw, Mapping):
        raise document.error(at, "this is a table", found=kind_of(raw))
    for key in raw:
        if allowed and key not in allowed:
            raise document.error((*at, key), "there is no such key here", allowed=nearest(key, allowed))
    return raw


def _entry(document: Document, raw: Any, at: tuple[str, ...]) -> MappingEntry:
    if isinstance(raw, str):
        return MappingEntry(direct=_text(document, raw, at, filled=True))
    keys = ("match", "transform", "value", "skip", "codes", "unmatched", "rename")
    if not isinstance(raw, Mapping):
        raise document.error(at, "this is no mapping", found=kind_of(raw), allowed=FORMS)
    table(document, raw, at, allowed=keys)
    kinds = [kind for kind in ("match", "transform", "value", "skip") if kind in raw]
    if len(kinds) > 1 or not (kinds or "rename" in raw):
        found = " and ".join(f"`{kind}`" for kind in kinds) or "none"
        raise document.error(at, "a column has exactly one mapping", found=found, allowed=FORMS)
    stray = next((key for key in ("codes", "unmatched") if key in raw and "match" not in raw), None)
    if stray:
        raise document.error((*at, stray), f"`{stray}` belongs to `match`", allowed=FORMS)
    if raw.get("skip", True) is not True:
        raise document.error(
            (*at, "skip"), "a column that is not skipped has another mapping", allowed="true"
        )
    texts = {
        key: _text(document, raw[key], (*at, key), filled=key != "value")
        for key in ("match", "transform", "value", "rename")
        if key in raw
    }
    return MappingEntry(**texts, skip="skip" in raw, **_matching(document, raw, at))  # type: ignore[arg-type]


def _matching(document: Document, raw: Mapping[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    if "match" not in raw:
        return {}
    if "codes" not in raw:
        raise document.error(at, "`match` needs `codes`", allowed='{ "from" = "to" } or "codes/FILE.csv"')
    unmatched = raw.get("unmatched", "reject")
    if isinstance(unmatched, Mapping) and set(unmatched) == {"default"}:
        _text(document, unmatched["default"], (*at, "unmatched", "default"))
    elif unmatched not in ("reject", "blank", "keep"):
        raise document.error(
            (*at, "unmatched"), "this is no answer to a code without a match", allowed=_UNMATCHED
        )
    return {"codes": _codes(document, raw["codes"], (*at, "codes")), "unmatched": unmatched}


def _codes(document: Document, raw: Any, at: tuple[str, ...]) -> Mapping[str, str] | str:
    if isinstance(raw, str):
        return document.path_inside(at, raw).relative_to(document.folder.resolve()).as_posix()
    return {code: _text(document, to, (*at, code)) for code, to in table(document, raw, at).items()}


def _text(document: Document, raw: Any, at: Sequence[str | int], *, filled: bool = False) -> str:
    if not isinstance(raw, str):
        raise document.error(at, "this is a text, written in quotes", found=kind_of(raw))
    if filled and not raw.strip():
        raise document.error(at, "the text is blank")
    return raw
