"""The list of people about whom some or all vendors are told nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.errors import ConfigError

if TYPE_CHECKING:
    from _csv import Reader

_ALLOWED = "the header `id,vendor,reason`, in which `vendor` may be left out"


@dataclass(frozen=True)
class OptOut:
    """One person by roster id, the delivery or connector that is told nothing (blank: all), and why."""

    id: str
    vendor: str
    reason: str


def read_optouts(path: Path) -> list[OptOut]:
    """Read a UTF-8 CSV file with the columns id, vendor (optional) and reason, in any order.

    Raises ConfigError with the line for anything else: who opted out may not get lost in a damaged file. The
    error never holds an id.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"the opt-outs cannot be read: {error.strerror}", file=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError("the opt-outs are not UTF-8; save the file as UTF-8", file=path) from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(_optouts(rows, path))
    except csv.Error as error:
        raise ConfigError(f"the line is not CSV: {error}", file=path, line=rows.line_num) from error


def _optouts(rows: Reader, path: Path) -> Iterator[OptOut]:
    header = [name.strip() for name in next(rows, [])]
    if sorted(header) not in (["id", "reason"], ["id", "reason", "vendor"]):
        raise ConfigError("the opt-outs have another header", file=path, line=1, allowed=_ALLOWED)
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            found, allowed = f"{len(row)} columns", f"{len(header)}, as in the header"
            raise ConfigError(
                "the line does not fit the header",
                file=path,
                line=rows.line_num,
                found=found,
                allowed=allowed,
            )
        optout = OptOut(**{"vendor": "", **dict(zip(header, (cell.strip() for cell in row), strict=True))})
        if not optout.id:
            raise ConfigError("the line names nobody", file=path, line=rows.line_num, key="id")
        yield optout
