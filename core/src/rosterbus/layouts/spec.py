"""One file that a vendor takes: columns, key, limits, dialect, and what absence means there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args

from rosterbus.engine import quoted
from rosterbus.findings import Rule
from rosterbus.layouts.columns import Column

Absence = Literal["kept", "deleted", "deactivated", "explicit"]
Sends = Literal["everyone", "changes", "new"]
Skips = Literal["blank", "absent"]

_FILE = re.compile(r'[^\\/:*?"<>|\x00-\x1f]*[^\\/:*?"<>|\x00-\x1f. ]')
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


@dataclass(frozen=True)
class Dialect:
    """How the file is written. Raises ValueError for what no reader could take apart."""

    delimiter: str = ","
    quote: str = '"'
    newline: str = "\n"
    encoding: str = "utf-8"
    bom: bool = False
    quoting: Literal["minimal", "all"] = "minimal"
    header: bool = True

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or len(self.quote) != 1 or self.delimiter == self.quote:
            raise ValueError(
                f"delimiter {self.delimiter!r} and quote {self.quote!r}: two different characters are needed"
            )
        if self.newline not in {"\n", "\r\n"}:
            raise ValueError(f"the newline is {self.newline!r}; allowed: '\\n', '\\r\\n'")
        if self.quoting not in {"minimal", "all"}:
            raise ValueError(f"`quoting` is {self.quoting!r}; allowed: minimal, all")
        try:
            encoding = codecs.lookup(self.encoding).name
        except LookupError as error:
            raise ValueError(
                f"the encoding {self.encoding!r} is unknown; write utf-8 or windows-1252"
            ) from error
        if self.bom and not encoding.startswith("utf"):
            raise ValueError(f"`bom` goes with UTF-8 and UTF-16; the encoding is {self.encoding!r}")

    @property
    def writes_all(self) -> bool:
        """Whether every character there is can be written in the encoding."""
        return codecs.lookup(self.encoding).name.startswith("utf")

    @property
    def is_narrow(self) -> bool:
        """Whether no character takes more bytes than in UTF-8."""
        name = codecs.lookup(self.encoding).name
        return name.startswith("utf-8") or not self.writes_all

    def writes(self, text: str) -> bool:
        """Whether a text can be written in the encoding without loss."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


@dataclass(frozen=True)
class Limits:
    """The most rows (without the header) and bytes that the vendor takes in one file; None is no limit."""

    rows: int | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        for name, most in (("rows", self.rows), ("bytes", self.bytes)):
            if most is not None and most < 1:
                raise ValueError(f"`{name}` is {most}; a limit is 1 or more")


@dataclass(frozen=True)
class LayoutSpec:
    """A layout, complete and checked.

    `name` is what a pipeline calls it, `rows` its roster relation, `school` the relation's school column
    (blank if it has none). `key`, `unique`, `identifiers`, `references` and `leaver` name columns by their
    headers: `key` is the identity for the difference, `unique` sets may not repeat (a blank does not
    collide), `identifiers` should never change for a key, `references` point to the layout whose single key
    they hold, `leaver` is what is set in the row of one who left. With `within`, only children of a parent
    that is sent are deleted. `where` is a condition of the mapping language over roster columns. `split` names
    roster columns: rows with other values in them go into other files, and a file that would break `limits` becomes
    several; without it there is one file, and what breaks its limits is refused. `open`: a pipeline may add and
    rename columns. `skips`: what becomes of a column that a pipeline does not map, ``blank`` cells below its header or
    an ``absent`` column. `source`: the page that states the layout. Raises ValueError for
    what contradicts itself.
    """

    name: str
    file: str
    rows: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    school: str = "school_id"
    absence: Absence = "kept"
    within: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    identifiers: tuple[str, ...] = ()
    sends: Sends = "everyone"
    leaver: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    limits: Limits = field(default_factory=Limits)
    split: tuple[str, ...] = ()
    open: bool = False
    skips: Skips = "blank"
    where: str = ""
    rules: tuple[Rule, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        for wrong in _wrong_with(self):
            raise ValueError(f"layout `{self.name}`: {wrong}")

    def column(self, name: str) -> Column:
        """The column with this header or attribute. Raises KeyError with the near names."""
        for column in self.columns:
            if name in (column.name, column.attribute):
                return column
        known = [known for column in self.columns for known in (column.name, column.attribute)]
        raise KeyError(f"layout `{self.name}` has no column {name!r}; {_near(name, known)}")

    def with_columns(self, *columns: Column) -> LayoutSpec:
        """Each replaces the column with its attribute, or comes last; a new header holds everywhere."""
        given = {column.attribute: column for column in columns}
        kept = tuple(given.pop(column.attribute, column) for column in self.columns)
        renamed = {
            old.name: new.name for old, new in zip(self.columns, kept, strict=True) if old.name != new.name
        }
        return replace(self, columns=kept + tuple(given.values()), **_renamed(self, renamed))


def as_checked(layouts: Iterable[LayoutSpec]) -> tuple[LayoutSpec, ...]:
    """Layouts of one destination, checked against each other. Raises ValueError."""
    checked = tuple(layouts)
    known = {spec.name: spec for spec in checked}
    for what, names in (
        ("name", [spec.name for spec in checked]),
        ("file", [spec.file.lower() for spec in checked]),
    ):
        if repeated := _repeated(names):
            raise ValueError(f"two layouts have the {what} `{repeated}`; give each its own")
    for spec in checked:
        for column, layout in spec.references.items():
            if layout not in known:
                raise ValueError(
                    f"layout `{spec.name}`: {column!r} refers to `{layout}`; {_near(layout, known)}"
                )
            if len(known[layout].key) != 1:
                raise ValueError(
                    f"layout `{spec.name}`: {column!r} refers to `{layout}`, whose key is not one column"
                )
    return checked


def _wrong_with(spec: LayoutSpec) -> Iterator[str]:
    for what, text in (("name", spec.name), ("rows", spec.rows)):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
            yield f"`{what}` is {text!r}; lower-case letters, digits and underscores are allowed"
    if not _FILE.fullmatch(spec.file):
        yield f"`file` is {spec.file!r}; needed: a file name that is good on every system, without a folder"
    for what, choice, allowed in (
        ("absence", spec.absence, get_args(Absence)),
        ("sends", spec.sends, get_args(Sends)),
        ("skips", spec.skips, get_args(Skips)),
    ):
        if choice not in allowed:
            yield f"`{what}` is {choice!r}; allowed: {', '.join(allowed)}"
    yield from _wrong_columns(spec)
    yield from _wrong_names(spec)
    yield from _wrong_absence(spec)
    yield from _wrong_split(spec)


def _wrong_columns(spec: LayoutSpec) -> Iterator[str]:
    if not spec.columns:
        yield "it has no columns"
    elif not any(column.written for column in spec.columns):
        yield "none of its columns is written, so that its file would be empty"
    # The engine does not tell upper from lower case in column names, and keeps its own behind an underscore.
    if repeated := _repeated([column.name.lower() for column in spec.columns]):
        yield f"two columns have the header {repeated!r} (case does not count); give each its own"
    if repeated := _repeated([column.attribute for column in spec.columns]):
        yield f"two columns have the attribute `{repeated}`; give each its own"
    if odd := [
        column.name for column in spec.columns if column.written and not spec.dialect.writes(column.name)
    ]:
        yield f"the header {odd[0]!r} cannot be written in the encoding {spec.dialect.encoding!r}"
    if taken := [column.name for column in spec.columns if column.name.startswith("_")]:
        yield f"the header {taken[0]!r} begins with an underscore, which the core keeps for itself"


def _wrong_names(spec: LayoutSpec) -> Iterator[str]:
    headers = [column.name for column in spec.columns]
    if not spec.key:
        yield "it has no key; name the columns that identify a row"
    for what, names in _named(spec):
        if isinstance(names, str):
            yield f"`{what}` is one text, {names!r}; give a tuple of headers"
            continue
        for name in names:
            if name not in headers:
                yield f"`{what}` names {name!r}, which is no header; {_near(name, headers)}"


def _named(spec: LayoutSpec) -> Iterator[tuple[str, Iterable[str]]]:
    yield "key", spec.key
    yield "identifiers", spec.identifiers
    yield "references", tuple(spec.references)
    yield "leaver", tuple(spec.leaver)
    yield from (("unique", names) for names in spec.unique)
    yield from (("rules", rule.columns) for rule in spec.rules)


def _wrong_absence(spec: LayoutSpec) -> Iterator[str]:
    if (spec.absence == "explicit") != bool(spec.leaver):
        yield '`leaver` (what is set in the row of one who left) and `absence="explicit"` go together'
    if spec.absence in ("deleted", "deactivated") and spec.sends != "everyone":
        yield f"with `absence={spec.absence!r}` the file must hold everyone, and `sends` is {spec.sends!r}"
    if spec.within is not None and spec.absence != "deleted":
        yield '`within` goes with `absence="deleted"`: it says whose children are deleted'
    if spec.within is not None and spec.within not in spec.references.values():
        yield f"it is `within` `{spec.within}`, and no column refers there; add it to `references`"


def _wrong_split(spec: LayoutSpec) -> Iterator[str]:
    if isinstance(spec.split, str):
        yield f"`split` is one text, {spec.split!r}; give a tuple of roster columns"
        return
    if wrong := [name for name in spec.split if not name or name.startswith("_")]:
        yield f"`split` names {wrong[0]!r}, which is no roster column"
    if repeated := _repeated(list(spec.split)):
        yield f"`split` names {repeated!r} twice"
    if spec.split and spec.absence != "kept":
        # Who is missing from one of the files may stand in another, and who left has no roster row to go by.
        yield f'with `split` absence can only be "kept", and it is {spec.absence!r}'
    if spec.split and spec.limits.bytes and not spec.dialect.is_narrow:
        yield f"files are not split by bytes in the encoding {spec.dialect.encoding!r}; write utf-8"


def _repeated(names: list[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")


def _near(name: str, known: list[str] | Mapping[str, object]) -> str:
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {', '.join(map(repr, near))}?" if near else f"known: {', '.join(map(repr, known))}"


def _renamed(spec: LayoutSpec, names: Mapping[str, str]) -> dict[str, Any]:
    def renamed(headers: Iterable[str]) -> tuple[str, ...]:
        return tuple(names.get(header, header) for header in headers)

    identifiers = {quoted(old): quoted(new) for old, new in names.items()}

    def rewritten(rule: Rule) -> Rule:
        predicate = _QUOTED.sub(lambda found: identifiers.get(found[0], found[0]), rule.predicate)
        return replace(rule, predicate=predicate, columns=renamed(rule.columns))

    return {
        "key": renamed(spec.key),
        "identifiers": renamed(spec.identifiers),
        "unique": tuple(renamed(headers) for headers in spec.unique),
        "references": {names.get(header, header): layout for header, layout in spec.references.items()},
        "leaver": {names.get(header, header): text for header, text in spec.leaver.items()},
        "rules": tuple(rewritten(rule) for rule in spec.rules),
    }
