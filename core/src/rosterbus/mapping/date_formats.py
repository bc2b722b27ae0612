"""Reads date formats, in words (MM/DD/YYYY) or in directives (%m/%d/%Y), and says what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rosterbus.errors import ConfigError

_WORDS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "DD": "%d",
    "D": "%-d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
}
_DIRECTIVES = {
    "%Y": ("year", r"\d{4}"),
    "%y": ("year", r"\d{2}"),
    "%B": ("month", "[A-Za-z]+"),
    "%b": ("month", "[A-Za-z]{3}"),
    "%m": ("month", r"\d{1,2}"),
    "%-m": ("month", r"\d{1,2}"),
    "%d": ("day", r"\d{1,2}"),
    "%-d": ("day", r"\d{1,2}"),
    "%H": ("hour", r"\d{1,2}"),
    "%M": ("minute", r"\d{1,2}"),
    "%S": ("second", r"\d{1,2}"),
}
_PART = re.compile("%-?[A-Za-z%]?|YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|mm|ss|[TZ]|[^A-Za-z0-9]")
_TIME = {"hour", "minute", "second"}


@dataclass(frozen=True)
class DateFormat:
    """`directives` is for strptime and strftime, `pattern` matches what is written so, `parts` it holds."""

    directives: str
    pattern: str
    parts: frozenset[str]

    @property
    def has_time(self) -> bool:
        return bool(self.parts & _TIME)


def read_format(text: str) -> DateFormat:
    """Read a format; raises ConfigError for an unknown word or directive, and for a format without any."""
    directives, pattern, parts = "", "", set()
    rest = text
    while rest:
        match = _PART.match(rest)
        found = match.group() if match else rest[:1]
        rest = rest[len(found) :]
        directive = _WORDS.get(found, found)
        if directive in _DIRECTIVES:
            part, part_pattern = _DIRECTIVES[directive]
            directives, pattern = directives + directive, pattern + part_pattern
            parts.add(part)
        elif match and not found.startswith("%"):
            directives, pattern = directives + found, pattern + re.escape(found)
        else:
            raise ConfigError(
                "this is no date format", found=f"{found} in {text}", allowed=[*_WORDS, *_DIRECTIVES]
            )
    if not parts:
        raise ConfigError("this is no date format", found=text or "nothing", allowed=[*_WORDS, *_DIRECTIVES])
    return DateFormat(directives, rf"^\s*{pattern}\s*$", frozenset(parts))


def read_source_format(text: str) -> DateFormat:
    """The same for a format that a date is read by, which must give year, month and day."""
    source = read_format(text)
    missing = [part for part in ("year", "month", "day") if part not in source.parts]
    if missing:
        raise ConfigError(f"a date cannot be read without its {' and '.join(missing)}", found=text)
    return source
