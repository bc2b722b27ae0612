"""Secrets are references; they are read where they are used, to connect or to make passwords, and at no other time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rosterbus.errors import ConfigError

KINDS = ("env", "file", "keyring")
_seals: list[None] = []
"""One for each block of `sealed` that the process is in; a context variable would let new threads through."""


@contextmanager
def sealed() -> Iterator[None]:
    """Within this block no secret can be read, by no thread of the process: `rehearse` runs in it."""
    _seals.append(None)
    try:
        yield
    finally:
        _seals.pop()


@dataclass(frozen=True)
class SecretReference:
    """Where a secret is kept: an environment variable, a private file, or the system's keyring.

    `own` marks the secret of a twin, made for this run alone, which may be read while others are sealed.
    """

    kind: Literal["env", "file", "keyring"]
    name: str
    own: bool = False

    @classmethod
    def parse(cls, value: Any) -> SecretReference:
        """Read a reference as TOML gives it; raises ValueError, without the value, for a literal secret."""
        if isinstance(value, SecretReference):
            return value
        allowed = '{ env = "NAME" }, { file = "PATH" } or { keyring = "service/user" }'
        if not isinstance(value, Mapping) or len(value) != 1:
            msg = f"a secret is written as a reference, never as itself: {allowed}"
            raise ValueError(msg)
        kind, name = next(iter(value.items()))
        complete = isinstance(name, str) and name and (kind != "keyring" or "/" in name.strip("/"))
        if kind not in KINDS or not complete:
            msg = f"this is no reference to a secret: {allowed}"
            raise ValueError(msg)
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def reveal(self) -> str:
        """The secret itself. Raises ConfigError where it is absent, empty, or readable by others."""
        self._refuse_sealed()
        return {"env": self._from_env, "file": self._from_file, "keyring": self._from_keyring}[self.kind]()

    def path(self) -> Path:
        """The file of a ``file`` reference, checked to be private (for keys that a library reads itself)."""
        self._refuse_sealed()
        if self.kind != "file":
            msg = "a file is needed here"
            raise ConfigError(msg, key=str(self), allowed='{ file = "PATH" }')
        path = Path(self.name).expanduser()
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise ConfigError(f"the secret file cannot be read: {error.strerror}", key=str(self)) from error
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            msg = "the secret file can be read by others; run: chmod 600"
            raise ConfigError(msg, key=str(self), found=f"mode {stat.S_IMODE(mode):04o}")
        return path

    def _from_file(self) -> str:
        path = self.path()
        try:
            return self._present(path.read_text(encoding="utf-8").removesuffix("\n"))
        except OSError as error:
            raise ConfigError(f"the secret file cannot be read: {error.strerror}", key=str(self)) from error
        except UnicodeDecodeError:
            raise ConfigError("the secret file is no text in UTF-8", key=str(self)) from None

    def _from_env(self) -> str:
        return self._present(os.environ.get(self.name, ""))

    def _from_keyring(self) -> str:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            msg = "the keyring is not installed; run: pip install rosterbus[keyring]"
            raise ConfigError(msg, key=str(self)) from error
        service, _, user = self.name.rpartition("/")
        try:
            return self._present(keyring.get_password(service, user) or "")
        except KeyringError as error:
            raise ConfigError(f"the keyring cannot be read: {type(error).__name__}", key=str(self)) from error

    def _refuse_sealed(self) -> None:
        if _seals and not self.own:
            msg = "a credential was about to be read in a rehearsal"
            raise ConfigError(msg, key=str(self))

    def _present(self, secret: str) -> str:
        if not secret:
            msg = "the secret is not there, or empty"
            raise ConfigError(msg, key=str(self))
        return secret
