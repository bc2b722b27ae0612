"""Handshake's importer as published: a file is analysed, then processed or stopped, and answers are written."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rosterbus_handshake.accounts import KNOWN, Accounts, Row, registers
from rosterbus_handshake.published import (
    DISABLED_SHARE,
    EMAIL_SHARE,
    HOURS_BETWEEN,
    MOST_BYTES,
    MOST_ROWS,
    REQUIRED_HEADERS,
    TEST_WORDS,
    UNIQUE,
)

NEEDED_HEADERS = ("email_address", "username", "auth_identifier", "first_name")
"""Without one of these nothing works; the other required headers are only missed."""
SYSTEM_ERROR = "A system error occurred while running this static analysis."


class FileError(Exception):
    """The file as a whole cannot be analysed; the text is Handshake's own where it is known."""


@dataclass
class Analysis:
    """What became of one file: counts by name, warnings by analyser, and rows that failed or were skipped.

    `expected` is what the analysis foresees for the rows, whether or not the file is processed.
    `status` is ``processed``, ``processed with errors``, ``stopped`` (a person has to run it), ``test file`` or
    ``failed``; `because` says why it was not processed.
    """

    file: str
    arrived: datetime
    status: str = "processed"
    because: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    header: Sequence[str] = ()
    failed_rows: list[Sequence[str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The analysis without a cell of the file."""
        names = ("rows", "created", "updated", "unchanged", "skipped", "failed", "disabled", "emails_changed")
        return {
            "file": self.file,
            "arrived": self.arrived.isoformat(),
            "status": self.status,
            "because": list(self.because),
            **{name: self.counts[name] for name in names},
            "expected": dict(sorted(self.expected.items())),
            "warnings": dict(sorted((+self.warnings).items())),
        }

    def failed_rows_csv(self) -> str:
        """The file that Handshake calls "Failed Rows": the original columns, and `status` and `response`."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.header, "status", "response"])
        writer.writerows(self.failed_rows)
        return text.getvalue()


class Importer:
    """Takes files one after the other into its accounts. `domains` are the .edu domains of the school."""

    def __init__(self, domains: Sequence[str] = ()) -> None:
        self.accounts = Accounts()
        self.domains = tuple(domains)
        self.last_automatic: datetime | None = None

    def take(self, name: str, content: bytes, arrived: datetime) -> Analysis:
        """Analyse a file; process it unless something stops autorun."""
        analysis = Analysis(name, arrived)
        try:
            analysis.header, lines = read_table(content)
        except FileError as error:
            analysis.status, analysis.because = "failed", [str(error)]
            return analysis
        analysis.counts["rows"] = len(lines)
        self._check_headers(analysis)
        rows = self._registered(analysis, lines)
        wanted = self._wanted(analysis, rows)
        self._expect(analysis, [rows[n] for n in wanted])
        test = any(word in name.lower() for word in TEST_WORDS)
        analysis.because += [*self._obstacles(analysis), *(() if test else self._too_soon(arrived))]
        if test:
            analysis.status = "test file"
            analysis.because.insert(0, "test files are analysed and never processed")
        elif analysis.because:
            analysis.status = "stopped"
        else:
            self._process(analysis, lines, rows, wanted)
        return analysis

    def _check_headers(self, analysis: Analysis) -> None:
        analysis.warnings["Analyzers::InvalidHeadersPresent"] = len(set(analysis.header) - KNOWN)
        missed = [header for header in REQUIRED_HEADERS if header not in analysis.header]
        analysis.warnings["Analyzers::RecommendedHeadersPresent"] = len(missed)
        analysis.because += [
            f"the header {header} is missing" for header in missed if header in NEEDED_HEADERS
        ]

    def _registered(self, analysis: Analysis, lines: Sequence[Sequence[str]]) -> list[Row]:
        """Rows with the headers that are mapped and the values that register."""
        rows: list[Row] = []
        for line in lines:
            cells = {
                column: text for column, text in zip(analysis.header, line, strict=True) if column in KNOWN
            }
            for column, text in cells.items():
                if not registers(column, text):
                    analysis.warnings["Analyzers::TypeCheck"] += 1
                    cells[column] = ""
            rows.append({**dict.fromkeys(NEEDED_HEADERS, ""), **cells})
        return rows

    def _wanted(self, analysis: Analysis, rows: Sequence[Row]) -> list[int]:
        """The numbers of the rows that are not skipped: the first of each duplicate, and no foreign domain."""
        seen: dict[str, set[str]] = {column: set() for column in UNIQUE}
        wanted = []
        for number, row in enumerate(rows):
            values = {column: row[column].casefold() for column in UNIQUE if row.get(column)}
            if any(text in seen[column] for column, text in values.items()):
                analysis.warnings["Analyzers::DuplicateAnalysis"] += 1
            elif self._is_foreign(row["email_address"]):
                analysis.warnings["email addresses not associated with your school"] += 1
            else:
                wanted.append(number)
            analysis.counts["skipped"] = number + 1 - len(wanted)
            for column, text in values.items():
                seen[column].add(text)
        return wanted

    def _is_foreign(self, address: str) -> bool:
        domain = address.rpartition("@")[2].lower()
        own = any(domain == own or domain.endswith(f".{own}") for own in self.domains)
        return bool(self.domains) and domain.endswith(".edu") and not own

    def _expect(self, analysis: Analysis, rows: Sequence[Row]) -> None:
        """Count what would happen, which decides whether it may happen by itself."""
        for row in rows:
            move = self.accounts.judge(row)
            analysis.expected[move.kind] += 1
            if move.kind in ("created", "updated"):
                analysis.counts["moves"] += 1
                analysis.counts["disabled"] += row.get("disabled") == "TRUE"
            analysis.counts["emails_changed"] += move.kind == "updated" and "email_address" in move.cells

    def _obstacles(self, analysis: Analysis) -> Iterator[str]:
        counts = analysis.counts
        if counts["emails_changed"] and counts["emails_changed"] * 100 >= counts["rows"] * EMAIL_SHARE:
            yield f"{EMAIL_SHARE}% or more of the rows change their e-mail; none is updated"
        if counts["disabled"] and counts["disabled"] * 100 >= counts["moves"] * DISABLED_SHARE:
            yield f"{DISABLED_SHARE}% or more of the rows that were not skipped are disabled"

    def _too_soon(self, arrived: datetime) -> Iterator[str]:
        if self.last_automatic and arrived - self.last_automatic < timedelta(hours=HOURS_BETWEEN):
            yield f"another file was processed automatically within {HOURS_BETWEEN} hours"

    def _process(
        self, analysis: Analysis, lines: Sequence[Sequence[str]], rows: Sequence[Row], wanted: Sequence[int]
    ) -> None:
        chosen = set(wanted)
        for number, row in enumerate(rows):
            if number in chosen:
                move = self.accounts.apply(row)
                analysis.counts[move.kind] += 1
                if move.kind == "failed":
                    analysis.failed_rows.append([*lines[number], move.kind, move.response])
            else:
                analysis.failed_rows.append(
                    [*lines[number], "skipped", "duplicate or foreign e-mail address"]
                )
        self.last_automatic = analysis.arrived
        if analysis.counts["failed"]:
            analysis.status = "processed with errors"


def read_table(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a file. Raises FileError where the importer cannot get through it."""
    if len(content) > MOST_BYTES:
        raise FileError("the file is not under 50 MB")
    if b"\r\n" in content:
        raise FileError(f"{SYSTEM_ERROR} (CRLF line terminators)")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError("Invalid byte sequence in UTF-8") from error
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise FileError("File is invalid") from error
    if not table or not any(table[0]):
        raise FileError("File is invalid (no header)")
    header, *rows = table
    if "" in header or any(len(row) > len(header) for row in rows):
        raise FileError(f"{SYSTEM_ERROR} (empty columns or trailing commas)")
    if len(set(header)) < len(header) or any(len(row) < len(header) for row in rows):
        raise FileError("File is invalid (repeated headers or short rows)")
    if len(rows) > MOST_ROWS:
        raise FileError("file has over 199,999 rows")
    return header, rows
