"""Names that a person could take for another: one letter more, less, other or swapped, or a digit for a letter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name
from rosterbus.hookspecs import PROJECT

PREFIX = f"{PROJECT}-"
DISTRIBUTION = re.compile(rf"{PREFIX}[a-z0-9]+(?:-[a-z0-9]+)*")
_SHORTEST = 4
"""Names below it are one letter from many honest ones ("ftp", "sftp"); they are compared by their looks alone."""
_LOOKS = str.maketrans("015378", "olseib") | str.maketrans({"-": "", "_": "", ".": "", "i": "l", "j": "l"})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def short_name(distribution: str) -> str:
    """What a connector is called in pipelines: its distribution's name without "rosterbus-"."""
    return distribution.removeprefix(PREFIX)


def look_alike(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` could be taken for, or None; a known name is no look-alike of another."""
    name = canonicalize_name(name)
    others = {canonicalize_name(one) for one in known}
    if name in others:
        return None
    return next((other for other in sorted(others) if _alike(short_name(name), short_name(other))), None)


def _alike(one: str, other: str) -> bool:
    if _looks(one) == _looks(other):
        return True
    return min(len(one), len(other)) >= _SHORTEST and _one_step(one, other)


def _looks(name: str) -> str:
    for pair, letter in _PAIRS:
        name = name.replace(pair, letter)
    return name.translate(_LOOKS)


def _one_step(one: str, other: str) -> bool:
    """Whether one letter more, less, other or swapped makes one name of the other."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) != len(longer):
        return shorter[start:] == longer[start + 1 :]
    swapped = shorter[:start] + shorter[start : start + 2][::-1] + shorter[start + 2 :]
    return shorter[start + 1 :] == longer[start + 1 :] or swapped == longer
