"""A TOML file together with where each of its keys stands, so that an error can name the place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from rosterbus.errors import ConfigError
from rosterbus.project.literal_secrets import literal_secrets
from rosterbus.project.toml_lines import KeyPath, key_lines


class Origin(Protocol):
    """Whatever settings were read from: it knows its folder and can say where a key stands."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""

    def line(self, key_path: Sequence[str | int]) -> int | None:
        """The line of a key, or of the nearest table around it."""

    def error(
        self,
        key_path: Sequence[str | int],
        wrong: str,
        *,
        found: str | None = None,
        allowed: Iterable[str] | str | None = None,
    ) -> ConfigError:
        """Make, not raise, the error for one key."""


@dataclass(frozen=True)
class Document:
    """Values with their lines. `file` is None where they came from arguments; paths start from `folder`."""

    values: Mapping[str, Any]
    folder: Path
    file: Path | None = None
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def line(self, key_path: Sequence[str | int]) -> int | None:
        """The line of a key, or of the nearest table around it where the key is not there."""
        path = tuple(key_path)
        nearest_first = (path[:length] for length in range(len(path), 0, -1))
        return next((self.lines[known] for known in nearest_first if known in self.lines), None)

    def error(
        self,
        key_path: Sequence[str | int],
        wrong: str,
        *,
        found: str | None = None,
        allowed: Iterable[str] | str | None = None,
    ) -> ConfigError:
        """Make, not raise, the error for one key, with file and line."""
        return ConfigError(
            wrong,
            file=self.file,
            line=self.line(key_path),
            key=written_key(key_path) or None,
            found=found,
            allowed=allowed,
        )

    def in_environment(self, name: str) -> Document:
        """Lay ``[environments.<name>]`` over the rest; tables are merged, everything else is replaced."""
        overrides = self.values.get("environments", {}).get(name, {}) if name else {}
        if not isinstance(overrides, Mapping):
            raise self.error(("environments", name), "this is a table")
        prefix: KeyPath = ("environments", name)
        moved = {path[2:]: line for path, line in self.lines.items() if path[:2] == prefix and path[2:]}
        return replace(self, values=_merged(self.values, overrides), lines={**self.lines, **moved})

    def path_inside(self, key_path: Sequence[str | int], written: str) -> Path:
        """A file named in the document; it must exist and may not leave the folder."""
        path = (self.folder / written).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise self.error(key_path, "the path leaves the project folder", found=repr(written))
        if not path.is_file():
            raise self.error(key_path, "there is no such file in the project folder", found=repr(written))
        return path


@dataclass(frozen=True)
class Documented:
    """What was read from a document, and can say where each of its keys stands."""

    document: Document

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.document.folder

    @property
    def file(self) -> Path | None:
        """The file that the settings come from."""
        return self.document.file

    def line(self, key_path: Sequence[str | int]) -> int | None:
        """The line of a key, or of the nearest table around it."""
        return self.document.line(key_path)

    def error(
        self,
        key_path: Sequence[str | int],
        wrong: str,
        *,
        found: str | None = None,
        allowed: Iterable[str] | str | None = None,
    ) -> ConfigError:
        """Make, not raise, the error for one key, with file and line."""
        return self.document.error(key_path, wrong, found=found, allowed=allowed)


def read_document(file: Path, *, folder: Path) -> Document:
    """Read a TOML file; raises ConfigError for bad TOML, bad UTF-8 and a secret written in plain text."""
    text = _text_of(file)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad_toml(error, file) from error
    document = Document(values=values, folder=folder, file=file, lines=key_lines(text))
    refuse_literal_secrets(document)
    return document


def refuse_literal_secrets(document: Document) -> None:
    """Raise ConfigError, without the value, for the first secret that is written as itself."""
    for path, wrong in literal_secrets(document.values):
        raise document.error(
            path, wrong, allowed='{ env = "NAME" }, { file = "PATH" } or { keyring = "service/user" }'
        )


def written_key(key_path: Sequence[str | int]) -> str:
    """Write a path as a person would: ``expect[0].until``, ``columns."First Name"``."""
    written = ""
    for part in key_path:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            written += ("." if written else "") + (part if bare else f'"{part}"')
    return written


def _text_of(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}", file=file) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError("the file is not UTF-8; save it as UTF-8", file=file, line=line) from error


def _bad_toml(error: tomllib.TOMLDecodeError, file: Path) -> ConfigError:
    sentence, _, place = str(error).partition(" (at ")
    line = re.match(r"line (\d+)", place)
    wrong = f"this is not TOML: {sentence[:1].lower()}{sentence[1:]}"
    return ConfigError(wrong, file=file, line=int(line.group(1)) if line else None)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both_tables = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = _merged(base[key], value) if both_tables else value
    return merged
