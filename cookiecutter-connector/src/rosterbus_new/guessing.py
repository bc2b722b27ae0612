"""Guesses of what a vendor's column means: the roster column that its header is like, and the form of its cells."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

from rosterbus.roster import vocabulary
from rosterbus.roster.vocabulary import RosterColumn

from rosterbus_new.vendor_files import VendorColumn

ROWS = "students"
"""The relation that a layout is drafted for."""
LIKE = 0.82
"""How like two names have to be, from 0 to 1, before one is taken for the other."""
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%d.%m.%Y", "%m-%d-%Y", "%Y/%m/%d")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TRUTHS = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0"))


@dataclass(frozen=True)
class Guess:
    """The roster column that feeds a column, None where nothing is like it; `sure` if the names mean the same."""

    column: RosterColumn | None
    sure: bool = False


def guess_source(header: str) -> Guess:
    """What feeds a column with this header."""
    words = plain(header)
    told = words.removeprefix("student ") if words not in ("student id", "student number") else words
    columns = vocabulary().tables[ROWS].columns
    for name in (words, told):
        if found := columns.get(_words("aliases").get(name, name.replace(" ", "_"))):
            return Guess(found, sure=True)
    best = max(columns.values(), key=lambda column: _likeness(told, column.name))
    return Guess(best if _likeness(told, best.name) >= LIKE else None)


def plain(header: str) -> str:
    """A header in full words of small letters: ``StuDOB`` is "student birth date"."""
    words = (word.lower() for word in _WORD.findall(header))
    full = " ".join(filter(None, (_words("short").get(word, word) for word in words)))
    return full.replace("e email", "email").replace("date of birth date", "birth date")


def guess_date(column: VendorColumn) -> tuple[str, bool]:
    """The format of a column's days, and whether the samples prove it."""
    fitting = [pattern for pattern in _DATES if _all_dates(column, pattern)]
    return (fitting[0], len(fitting) == 1) if fitting else ("%m/%d/%Y", False)


def looks_like_dates(column: VendorColumn) -> bool:
    """Whether every sample is a day."""
    return any(_all_dates(column, pattern) for pattern in _DATES)


def guess_words(samples: Sequence[str]) -> tuple[str, str, bool]:
    """The vendor's words for yes and no, and whether the samples prove them."""
    found = {cell.lower() for cell in samples}
    for true, false in _TRUTHS:
        if found == {true, false}:
            spelt = {cell.lower(): cell for cell in samples}
            return spelt[true], spelt[false], True
    return "true", "false", False


@cache
def _words(table: str) -> Mapping[str, str]:
    """One table of `words.toml`."""
    text = files(__package__).joinpath("words.toml").read_text(encoding="utf-8")
    words: Mapping[str, str] = tomllib.loads(text)[table]
    return words


def _likeness(words: str, name: str) -> float:
    ours = name.replace("_", " ")
    if {*words.split()} == {*ours.split()}:
        return 1.0
    return SequenceMatcher(None, words, ours).ratio()


def _all_dates(column: VendorColumn, pattern: str) -> bool:
    return bool(column.samples) and all(_is_date(cell, pattern) for cell in column.samples)


def _is_date(cell: str, pattern: str) -> bool:
    try:
        datetime.strptime(cell.strip(), pattern)
    except ValueError:
        return False
    return True
