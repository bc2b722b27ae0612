"""A marketplace as a client sees it: nothing of it counts before the signatures of its people were verified."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rosterbus.certificates import SUFFIX
from rosterbus.errors import RetriableError, RosterbusError
from rosterbus.gate import withdrawn
from rosterbus.private import private_folder, sync_file
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.updater import Updater

from rosterbus_market.catalogue import CATALOGUE, CLOSURE, PACKAGES, Catalogue, Release, parse_catalogue
from rosterbus_market.fetching import SiteFetcher, base_of
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.signing import METADATA, fingerprint
from rosterbus_market.state import MarketState
from rosterbus_market.unverified import sentence_of

LARGEST_ROOT = 512_000
LARGEST_FILE = 64_000_000
"""Bytes of any file of a marketplace: as many as a wheel may have."""
_LIMITS = UpdaterConfig(snapshot_max_length=500_000, targets_max_length=20_000_000)


class Marketplace:
    """One marketplace, at `location`, verified from the root that lies in `state`.

    What it has newly verified is kept in `state`; an older state of the marketplace is refused from then on.
    """

    def __init__(self, state: MarketState, location: str) -> None:
        self._state, self.location, self._base = state, location, base_of(location)
        self._updater: Updater | None = None

    def refresh(self) -> Catalogue:
        """Fetch and verify its newest state; raises SiteRefusedError, or RetriableError where it is away."""
        private_folder(self._state.folder)
        catalogue = self._target(CATALOGUE)
        closure = self._target(CLOSURE)
        parsed = parse_catalogue(catalogue)
        self._state.keep_verified(catalogue, closure)
        withdrawn(
            self._state.folder / CATALOGUE
        )  # what the core cannot read, it would have to refuse at every run
        return parsed

    def wheel(self, release: Release) -> Path:
        """The wheel of a release in the store, with its certificate beside it, fetched if it is not there yet."""
        path = self._state.wheel(release.sha256, release.wheel)
        if not path.is_file() or _sha256(path) != release.sha256:
            content = self._target(f"{PACKAGES}/{release.wheel}")
            if hashlib.sha256(content).hexdigest() != release.sha256:
                wrong = f"its catalogue has another SHA-256 for {release.wheel} than its signed list of files"
                raise SiteRefusedError(
                    f"the marketplace {self.location} is refused: {wrong}; tell its maintainers"
                )
            certificate = self._optional(f"{PACKAGES}/{release.wheel}{SUFFIX}")
            private_folder(path.parent)
            if certificate is not None:
                path.with_name(path.name + SUFFIX).write_bytes(certificate)
            unfinished = path.with_name(f".{path.name}")
            unfinished.write_bytes(content)
            sync_file(unfinished)
            unfinished.replace(path)
        return path

    def _target(self, name: str) -> bytes:
        content = self._optional(name)
        if content is None:
            wrong = f"{name} is not among the files that its people signed"
            raise SiteRefusedError(
                f"the marketplace {self.location} is refused: {wrong}; tell its maintainers"
            )
        return content

    def _optional(self, name: str) -> bytes | None:
        """The verified bytes of a signed file; None where the signed list does not have it."""
        with self._told(name):
            updater = self._updater or self._update()
            signed = updater.get_targetinfo(name)
            if signed is None:
                return None
            if signed.length > LARGEST_FILE:
                wrong = f"{name} has {signed.length:,} bytes; allowed: {LARGEST_FILE:,}"
                raise SiteRefusedError(f"the marketplace {self.location} is refused: {wrong}")
            with tempfile.TemporaryDirectory(prefix="rosterbus-market-") as folder:
                path = Path(folder) / "target"
                updater.download_target(signed, str(path), self._base)
                return path.read_bytes()

    def _update(self) -> Updater:
        updater = Updater(
            str(private_folder(self._state.metadata)),
            f"{self._base}{METADATA}/",
            fetcher=SiteFetcher(self._base),
            config=_LIMITS,
            bootstrap=self._state.root.read_bytes(),
        )
        updater.refresh()
        self._updater = updater
        return updater

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except (RepositoryError, DownloadError) as error:
            target = name if self._updater else ""
            raise self._sentence(error, target) from error

    def _sentence(self, error: Exception, target: str) -> RosterbusError:
        own = fingerprint(self._state.root.read_bytes())
        try:
            there = fingerprint(first_root(self.location))
        except RosterbusError:
            there = own  # the first error says more
        return sentence_of(
            error, location=self.location, target=target, other_root=there if there != own else ""
        )


def newest_known(state: MarketState, market: Marketplace) -> tuple[Catalogue, str]:
    """The newest catalogue, or where the marketplace is away the last verified one, and why it is not the newest."""
    try:
        return market.refresh(), ""
    except RetriableError as error:
        return state.catalogue(), f"{error}; this is what was verified last"


def first_root(location: str) -> bytes:
    """The first root of a marketplace, unverified; raises as `Marketplace.refresh` does."""
    base = base_of(location)
    try:
        return SiteFetcher(base).download_bytes(f"{base}{METADATA}/1.root.json", LARGEST_ROOT)
    except DownloadError as error:
        raise sentence_of(error, location=location) from error


def read_root(content: bytes, location: str) -> Metadata[Root]:
    """A root that its own keys signed, as many as it asks for; raises SiteRefusedError."""
    try:
        root: Metadata[Root] = Metadata[Root].from_bytes(content)
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    except (RepositoryError, ValueError, AttributeError) as error:  # what lies there may be no root at all
        raise sentence_of(error, location=location) from error
    return root


def forget(state: MarketState) -> None:
    """Forget what was verified of another marketplace."""
    shutil.rmtree(state.metadata, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
