"""The header decides what a file is: older spellings get another name, passwords stay out."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rosterbus.errors import ConnectorError
from rosterbus.findings import Finding

from rosterbus_oneroster.standard import SOURCE, RosterFile, standard_column

SECRET = ("password", "passwd", "passphrase")


@dataclass(frozen=True)
class Header:
    """How to read one file: headers that get another name, and headers that never enter."""

    columns: tuple[str, ...]
    rename: dict[str, str]
    drop: frozenset[str]
    findings: tuple[Finding, ...]


def read_header(
    path: Path, file: RosterFile, *, encoding: str | None, delimiter: str, passwords: bool
) -> Header:
    """Read the first record of a file and settle what its columns mean.

    Raises ConnectorError where a column is missing without which it is no OneRoster file.
    """
    headers = _first_record(path, encoding, delimiter, file.name)
    rename = _renames(headers, file)
    columns = tuple(rename.get(header, header) for header in headers)
    absent = [column for column in file.essential if column not in columns]
    if absent:
        raise ConnectorError(_no_oneroster(file.name, absent, headers))
    secret = frozenset(header for header in headers if any(word in header.lower() for word in SECRET))
    findings = (*_departures(file, columns, rename), *_passwords(file, secret, let_in=passwords))
    return Header(columns, rename, frozenset() if passwords else secret, findings)


def _first_record(path: Path, encoding: str | None, delimiter: str, name: str) -> list[str]:
    with path.open("rb") as raw:
        wide = raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    assumed = encoding or ("utf-16" if wide else "utf-8-sig")
    # a bad byte further down is the reader's affair, and the names of columns are compared, never kept
    with path.open(encoding=assumed, errors="surrogateescape", newline="") as text:
        try:
            return next(csv.reader(text, delimiter=delimiter, strict=True), [])
        except (csv.Error, UnicodeError) as error:
            msg = f"{name}.csv has no header that can be read as {assumed}: {error}; declare `encoding` or `delimiter`"
            raise ConnectorError(msg) from error


def _renames(headers: list[str], file: RosterFile) -> dict[str, str]:
    """Headers that stand for a standard column which the file has not under its own name."""
    rename: dict[str, str] = {}
    taken = set(headers)
    for header in headers:
        name = standard_column(file, header)
        if name is not None and name not in taken:
            rename[header] = name
            taken.add(name)
    return rename


def _departures(file: RosterFile, columns: tuple[str, ...], rename: dict[str, str]) -> Iterator[Finding]:
    if rename:
        pairs = ", ".join(f"{old!r} for {new}" for old, new in rename.items())
        yield _warn("older headers", f"{file.name}.csv writes {pairs}", len(rename))
    extensions = [header for header in columns if header not in file.columns]
    foreign = [header for header in extensions if not header.startswith("metadata.")]
    if foreign:
        names = ", ".join(repr(header) for header in foreign)
        yield _warn(
            "foreign columns",
            f"{file.name}.csv has columns that the standard does not know: {names}",
            len(foreign),
        )


def _passwords(file: RosterFile, secret: frozenset[str], *, let_in: bool) -> Iterator[Finding]:
    if secret and let_in:
        yield _warn(
            "passwords", f"the passwords of {file.name}.csv are let in, as the pipeline says", len(secret)
        )
    elif secret:
        yield Finding("pass", "passwords", f"the passwords of {file.name}.csv are left out", source=SOURCE)


def _warn(rule: str, sentence: str, count: int) -> Finding:
    return Finding("warn", rule, sentence, source=SOURCE, numbers={"columns": count})


def _no_oneroster(name: str, absent: list[str], headers: list[str]) -> str:
    missing = f"{name}.csv is no OneRoster file: it has no column {', '.join(absent)}"
    if len(headers) < 2:
        return f"{missing}; it has {len(headers)} columns, so declare `delimiter` if it is not a comma"
    if {"isPrimary", "sessionSourcedId", "orgSourcedId", "userSourcedId"} & set(
        headers
    ) and "status" not in headers:
        return f"{missing}; it looks like a file of Microsoft School Data Sync; ask for OneRoster CSV"
    found = ", ".join(repr(header) for header in headers[:12])
    return f"{missing}; found {found}; ask for an export as OneRoster CSV 1.1 or 1.2"
