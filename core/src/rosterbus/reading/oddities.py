"""What is odd about a delimited file as a whole, said as findings."""

from __future__ import annotations

from collections.abc import Collection

from rosterbus.findings import Finding
from rosterbus.reading.survey import Encoding

HEADER_ONLY = "header only"
SPELLED = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


def about_encoding(file: str, encoding: Encoding) -> list[Finding]:
    """A byte-order mark that says something else than the settings."""
    if encoding.name == encoding.declared:
        return []
    return [
        Finding(
            severity="warn",
            rule="byte-order mark",
            sentence=f"{file}: begins with the byte-order mark of {encoding.name} and was read so, "
            f"although {encoding.declared} was expected",
        )
    ]


def about_line_ends(file: str, endings: Collection[str]) -> list[Finding]:
    """Records that end in different ways, and a last one that does not end."""
    kinds = [SPELLED[ending] for ending in SPELLED if ending in endings]
    findings = []
    if len(kinds) > 1:
        findings.append(
            Finding(
                severity="warn",
                rule="mixed line ends",
                sentence=f"{file}: its records end with {' and '.join(kinds)}",
                cause="files of different systems put together, or edited by hand",
            )
        )
    if "" in endings:
        findings.append(
            Finding(
                severity="warn",
                rule="no final newline",
                sentence=f"{file}: the last record does not end with a line break; it may have been cut off",
            )
        )
    return findings


def header_only(file: str) -> Finding:
    """A file with a header and nobody in it."""
    return Finding(
        severity="warn",
        rule=HEADER_ONLY,
        sentence=f"{file}: has a header and no record",
        cause="an export that found nobody, or that failed half-way",
    )
