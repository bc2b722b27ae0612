"""The errors of rosterbus, sorted by what the reader does next.

RosterbusError            1   printed as one sentence, never as a traceback
  ConfigError             2   a file, an argument or a setting is wrong: where, what was found, what is allowed
    NoCopyError           2   the last copy of an export was asked for, and there has been none yet
  PluginError             1   a plugin is missing or broken: distribution, version, step
  ConnectorError          1   the system on the other side said no; trying again changes nothing
    NotThereError         1   there is no such file on the other side, which to some sources means: nothing new
    RetriableError       75   the system on the other side is away; the next run goes on from here
  RefusedError            5   a vendor's rule forbids it
  HeldError               3   a person has to decide
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path


class RosterbusError(Exception):
    """Something a person can act on. `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(RosterbusError):
    """A project file, a pipeline, an argument or a setting is wrong."""

    exit_code = 2

    def __init__(
        self,
        wrong: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        key: str | None = None,
        found: str | None = None,
        allowed: Iterable[str] | str | None = None,
    ) -> None:
        self.wrong, self.file, self.line, self.key = wrong, file, line, key
        self.found, self.allowed = found, allowed
        super().__init__(wrong)

    def __str__(self) -> str:
        where = f"{self.file}" if self.file else ""
        where += f", line {self.line}" if self.line else ""
        parts = [f"{where}: " if where else "", f"`{self.key}`: " if self.key else "", self.wrong]
        if self.found is not None:
            parts.append(f"; found {self.found}")
        if self.allowed is not None:
            allowed = self.allowed if isinstance(self.allowed, str) else ", ".join(self.allowed)
            parts.append(f"; allowed: {allowed}")
        return "".join(parts)


class NoCopyError(ConfigError):
    """The last copy of an export was asked for, and none was brought here yet."""


class PluginError(RosterbusError):
    """A plugin is missing, broken, or raised what it may not raise."""


class ConnectorError(RosterbusError):
    """The system on the other side refused or failed, and trying again will not change that."""


class NotThereError(ConnectorError):
    """There is no file or folder of this name on the other side, which answered otherwise."""


class RetriableError(ConnectorError):
    """The system on the other side is away; nothing was harmed and the next run goes on from here."""

    exit_code = 75


class RefusedError(RosterbusError):
    """A published rule of a vendor forbids what was asked."""

    exit_code = 5


class HeldError(RosterbusError):
    """Only a person can decide what happens next."""

    exit_code = 3


_ENGINE = {
    "IOException": "the engine cannot read or write its files; see that the disk of the state folder is not full",
    "OutOfMemoryException": "the engine ran out of memory and of disk; free some of the state folder's disk",
}
"""What DuckDB raises where the machine is at fault, by name, so that nobody has to import it."""


def printable(line: str) -> str:
    """A line with nothing in it that a terminal would obey: somebody else may have written it."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def unforeseen(error: Exception) -> RosterbusError:
    """What can be told of an exception that nobody foresaw: its text may quote a cell, its type and place may not."""
    if isinstance(error, OSError):
        return RosterbusError(f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}")
    if type(error).__name__ in _ENGINE:
        return RosterbusError(_ENGINE[type(error).__name__])
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    return RosterbusError(f"rosterbus itself failed: {what}; report it to its maintainers")
