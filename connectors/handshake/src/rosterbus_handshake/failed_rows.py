"""Handshake's "Failed Rows", read back: the original columns, and what became of each row in the last two."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Delivery, Feedback, VendorError
from rosterbus.errors import ConfigError

KEY = "username"
ADDED = ("status", "response")
"""The last two columns, which Handshake adds."""
ALLOWED = f"the columns of the uploaded file with `{KEY}`, then `{ADDED[0]}` and `{ADDED[1]}`"


def read_failed_rows(file: Path, delivery: Delivery, chosen: str) -> Feedback:
    """Every row of the file was refused, known by its username; raises ConfigError where it is no such file."""
    [uploaded], [name] = delivery.files, delivery.addressed.files
    if chosen not in name:
        raise ConfigError("the delivery has one file only", key="--of", found=chosen, allowed=name)
    errors = list(_errors(file))
    return Feedback(uploaded.layout, errors, [0], "partly" if errors else "processed")


def flattened(response: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """What a response says, as pairs of column and sentence; the column is blank where it names none of `columns`."""
    try:
        told = json.loads(response)
    except ValueError:
        told = response
    found = list(_told(told, ""))
    # Handshake writes a dot where its header has a colon.
    known = {column.replace(":", "."): column for column in columns}
    return [
        (known.get(path, ""), f"{path}: {text}" if path and path not in known else text)
        for path, text in found
    ]


def _errors(file: Path) -> Iterator[VendorError]:
    header, records = _table(file)
    if tuple(header[-2:]) != ADDED or KEY not in header[:-2]:
        raise ConfigError(
            "this is no file of failed rows", file=file, found=", ".join(header), allowed=ALLOWED
        )
    for number, record in enumerate(records, start=2):
        if len(record) != len(header):
            wrong = f"record {number} has {len(record)} cells instead of {len(header)}"
            raise ConfigError(wrong, file=file)
        *cells, status, response = record
        key = cells[header.index(KEY)]
        for column, text in flattened(response.strip(), header[:-2]) or [("", status)]:
            yield VendorError(column, text or status, key=key)


def _table(file: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ConfigError("this is no CSV in UTF-8", file=file, allowed=ALLOWED) from error
    return header, [record for record in records if record]


def _told(told: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(told, Mapping):
        for name, inner in told.items():
            yield from _told(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(told, list):
        for inner in told:
            yield from _told(inner, path)
    elif told not in ("", None):
        yield path, str(told)
