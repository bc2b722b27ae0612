"""Where a project keeps what it knows of its marketplace: its trust, what was verified, wheels, and earlier locks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock
from rosterbus.errors import ConfigError, RetriableError
from rosterbus.gate import CHECKED, Guarded
from rosterbus.private import private_folder, write_private_bytes, write_private_text
from rosterbus.project import load_project

from rosterbus_market.catalogue import CATALOGUE, CLOSURE, Catalogue, parse_catalogue
from rosterbus_market.fetching import local_path

DEPENDENCIES = "dependencies"
"""The folder of a mirror with the wheels that connectors need from elsewhere."""


def dependencies_of(location: str) -> Path | None:
    """Where a mirror at this place keeps packages from elsewhere; None for what is no mirror in a folder."""
    if "://" in location and not location.startswith("file:"):
        return None
    site = local_path(location) if location.startswith("file:") else Path(location).expanduser()
    folder = site / DEPENDENCIES
    return folder if folder.is_dir() else None


@dataclass(frozen=True)
class Trust:
    """The marketplace that a person chose: where it is, and the fingerprint of its first root."""

    location: str
    fingerprint: str
    on: str
    by: str


@dataclass(frozen=True)
class MarketState:
    """The market's folder in the state of a project, and the project's lock. Nothing of it exists at first."""

    folder: Path
    lock: Path

    @classmethod
    def of(cls, folder: Path | None) -> MarketState:
        """That of a project folder, found as every command finds it."""
        guarded = load_project(folder).guarded or Guarded(Path(), Path())
        return cls(guarded.market, guarded.lock)

    @property
    def root(self) -> Path:
        """The first root, by which everything later is verified."""
        return self.folder / "root.json"

    @property
    def metadata(self) -> Path:
        """The signed metadata that was verified last: an older one is never taken again."""
        return self.folder / "metadata"

    @property
    def pending(self) -> Path:
        """The lock that an installation is on its way to; what an interruption leaves behind."""
        return self.folder / "pending.lock"

    @property
    def closure(self) -> Path:
        """The last verified closure."""
        return self.folder / CLOSURE

    def wheel(self, sha256: str, name: str) -> Path:
        """Where a wheel of the marketplace is kept."""
        return self.folder / "wheels" / sha256 / name

    def trust(self) -> Trust:
        """Whom this project trusts; raises ConfigError where it trusts nobody yet."""
        path = self.folder / "trust.json"
        if not path.is_file():
            msg = "this project trusts no marketplace yet; run: rosterbus market trust LOCATION"
            raise ConfigError(msg)
        try:
            trust = Trust(**json.loads(path.read_text(encoding="utf-8")))
            root = hashlib.sha256(self.root.read_bytes()).hexdigest()
        except (OSError, ValueError, TypeError) as error:
            msg = "what was trusted cannot be read; run again: rosterbus market trust LOCATION"
            raise ConfigError(msg, file=path) from error
        if root != trust.fingerprint:
            msg = "the root that lies there is not the one that a person trusted; run again: rosterbus market trust"
            raise ConfigError(msg, file=self.root, found=root, allowed=trust.fingerprint)
        return trust

    @property
    def dependencies(self) -> Path | None:
        """The packages from elsewhere that a trusted mirror has beside itself; None where an index is asked."""
        return dependencies_of(self.trust().location)

    def keep_trust(self, trust: Trust) -> None:
        """Remember whom a person chose."""
        write_private_text(
            private_folder(self.folder) / "trust.json", json.dumps(asdict(trust), indent=1) + "\n"
        )

    def keep_verified(self, catalogue: bytes, closure: bytes) -> None:
        """Keep what was verified just now. The moment is written last: it speaks of what lies there already."""
        write_private_bytes(self.folder / CATALOGUE, catalogue)
        write_private_bytes(self.folder / CLOSURE, closure)
        at = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds")})
        write_private_text(self.folder / CHECKED, at + "\n")

    def catalogue(self) -> Catalogue:
        """The last verified catalogue; raises ConfigError where none ever was."""
        path = self.folder / CATALOGUE
        if not path.is_file():
            msg = "no catalogue was ever verified here; run: rosterbus market outdated"
            raise ConfigError(msg, file=path)
        return parse_catalogue(path.read_bytes())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes the market's folder or the lock within the block."""
        lock = filelock.FileLock(private_folder(self.folder) / "changing.lock", timeout=30)
        try:
            with lock:
                yield
        except filelock.Timeout as error:
            msg = "another `rosterbus market` works in this project; try again when it has ended"
            raise RetriableError(msg) from error
