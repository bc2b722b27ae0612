"""The list of its own files that a wheel carries: complete, true, and with nothing else in it."""

from __future__ import annotations

import base64
import csv
import io

from rosterbus_market.examining.archive import Archive
from rosterbus_market.refusals import WheelRefusedError


def check_record(archive: Archive, *, info: str) -> None:
    """Compare RECORD with the files: each has one line with its SHA-256 and size, RECORD itself has neither."""
    record = f"{info}/RECORD"
    lines = _lines(archive, record)
    listed: dict[str, tuple[str, str]] = {}
    for line in lines:
        if len(line) != 3:
            raise WheelRefusedError(
                archive.wheel, "RECORD has a line that is not path, hash, size", found=repr(line)
            )
        if line[0] in listed:
            raise WheelRefusedError(archive.wheel, "RECORD names a file twice", found=f"`{line[0]}`")
        listed[line[0]] = (line[1], line[2])
    if extra := sorted(set(listed) - set(archive.names)):
        raise WheelRefusedError(archive.wheel, "RECORD names a file that is not there", found=f"`{extra[0]}`")
    if missing := sorted(set(archive.names) - set(listed)):
        raise WheelRefusedError(
            archive.wheel, "RECORD does not name a file that is there", found=f"`{missing[0]}`"
        )
    for name, said in listed.items():
        right = ("", "") if name == record else (recorded(archive.digests[name]), str(archive.sizes[name]))
        if said != right:
            wrong = f"RECORD says something else of `{name}` than the file"
            raise WheelRefusedError(archive.wheel, wrong, found=", ".join(said), allowed=", ".join(right))


def recorded(digest: bytes) -> str:
    """A SHA-256 as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _lines(archive: Archive, record: str) -> list[list[str]]:
    if record not in archive.digests:
        raise WheelRefusedError(archive.wheel, "it has no RECORD of its files", allowed=f"`{record}`")
    try:
        text = archive.read(record).decode("utf-8")
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise WheelRefusedError(archive.wheel, f"RECORD is no list of files in UTF-8: {error}") from error
