"""A look at the bytes of a delimited file, in bounded memory, that decides who can read it faithfully."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rosterbus.errors import ConfigError

CHUNK = 4 * 1024 * 1024
TAIL = 64 * 1024

# UTF-32 comes first, because its little-endian mark begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text: the codec, and the length of the byte-order mark that said so."""

    name: str
    declared: str
    mark: int

    @property
    def codec(self) -> str:
        """The codec to open the file with; it takes the byte-order mark away."""
        return "utf-8-sig" if self.name == "utf-8" else self.name


@dataclass(frozen=True)
class Survey:
    """What the bytes of a UTF-8 file are made of.

    `newline` is the length of its line breaks, 0 where they differ. `trailing` are the bytes of line breaks
    at the very end. `sound` is false where a byte is not UTF-8 or is NUL. `spaced` is true where a
    space follows a quote, be it within a value or after one.
    """

    size: int
    newline: int
    quotes: int
    trailing: int
    sound: bool
    spaced: bool


def find_encoding(path: Path, declared: str | None) -> Encoding:
    """The encoding of a file: its byte-order mark decides, then `declared`, then UTF-8.

    Raises ConfigError where `declared` is no text encoding.
    """
    name = _canonical(declared or "utf-8")
    with path.open("rb") as file:
        start = file.read(4)
    for mark, marked in MARKS:
        if start.startswith(mark):
            return Encoding(marked, name, len(mark))
    return Encoding(name, name, 0)


def survey(path: Path, *, quote: str) -> Survey:
    """Count line breaks and quotes, check that every byte is UTF-8, look at the end; one pass, in chunks."""
    size = feeds = returns = pairs = quotes = 0
    sound, spaced, last = True, False, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    quoting = quote.encode()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            size += len(chunk)
            feeds += chunk.count(b"\n")
            if b"\r" in chunk:
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n")
            pairs += last == b"\r" and chunk[:1] == b"\n"
            if quoting:
                quotes += chunk.count(quoting)
                spaced = spaced or quoting + b" " in chunk or (last == quoting and chunk[:1] == b" ")
            sound = sound and b"\0" not in chunk and _decodes(decoder, chunk)
            last = chunk[-1:]
        trailing = _trailing(file, size)
    sound = sound and _decodes(decoder, b"", final=True)
    newline = 1 if returns == 0 else 2 if returns == pairs == feeds else 0
    return Survey(size, newline, quotes, trailing, sound, spaced)


def _canonical(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ConfigError(
            "is not a text encoding that Python knows",
            key="encoding",
            found=repr(name),
            allowed='for example "utf-8", "windows-1252", "utf-16"',
        ) from None
    canonical = codecs.lookup(name).name
    return "utf-8" if canonical == "utf-8-sig" else canonical


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _trailing(file: BinaryIO, size: int) -> int:
    file.seek(max(0, size - TAIL))
    tail = file.read(TAIL)
    return len(tail) - len(tail.rstrip(b"\r\n"))
