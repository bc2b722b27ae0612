"""Wheels written by hand, so that each can be wrong in one way, and a marketplace of two people."""

from __future__ import annotations

import base64
import hashlib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest
from rosterbus.certificates import Certificate, TestOutcome, certificate_of, write_certificate
from rosterbus_market.catalogue import Catalogue
from rosterbus_market.issuing import Place
from rosterbus_market.key_folder import KeyFolder, new_keys
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.publishing import Wheels, build, current
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater

CARD = """
title = "{title}"
kind = "extension"
system = "A vendor"
hosts = ["upload.example.org"]
maturity = "draft"
"""
CHANGES = "# Changelog\n\n## [1.0] - 2026-11-20\n\n- Everything.\n\n## [0.9]\n\n- Less.\n"
CODE = "import os, pathlib\npathlib.Path(os.environ['ROSTERBUS_RAN']).touch()\n"
"""What would show that anything of a wheel ran."""


@dataclass
class Draft:
    """A wheel before it is written; `members` are its files, `record` its RECORD where that is not the true one."""

    name: str = "rosterbus-acme"
    version: str = "1.0"
    requires: list[str] = field(default_factory=lambda: ["rosterbus>=0.1.0"])
    file_name: str = ""
    record: Callable[[list[str]], list[str]] = lambda lines: lines
    zipped: Callable[[zipfile.ZipFile], None] = lambda archive: None
    patched: Callable[[bytes], bytes] = lambda data: data
    points: str = ""
    members: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        short = self.name.removeprefix("rosterbus-")
        self.points = self.points or f"[rosterbus.v1.extensions]\n{short} = {self.package}\n"
        self.members = {
            f"{self.package}/__init__.py": CODE.encode(),
            f"{self.package}/connector.toml": CARD.format(title=short).encode(),
            f"{self.package}/CHANGELOG.md": CHANGES.encode(),
        }

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def info(self) -> str:
        return f"{self.package}-{self.version}.dist-info"

    @property
    def wheel(self) -> str:
        return self.file_name or f"{self.package}-{self.version}-py3-none-any.whl"

    def metadata(self) -> bytes:
        lines = [
            f"Metadata-Version: 2.4\nName: {self.name}\nVersion: {self.version}",
            "Requires-Python: >=3.11",
        ]
        lines += ["Summary: Rosters for Acme", *(f"Requires-Dist: {one}" for one in self.requires)]
        return ("\n".join(lines) + "\n\n").encode()

    def write(self, folder: Path) -> Path:
        """Write it, the same bytes for the same draft."""
        files = {
            f"{self.info}/METADATA": self.metadata(),
            f"{self.info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{self.info}/entry_points.txt": self.points.encode(),
            **self.members,
        }
        lines = [f"{name},{recorded(content)},{len(content)}" for name, content in files.items()]
        record = self.record([*lines, f"{self.info}/RECORD,,"])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.wheel
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
            archive.writestr(zipfile.ZipInfo(f"{self.info}/RECORD"), "\n".join(record) + "\n")
            self.zipped(archive)
        path.write_bytes(self.patched(path.read_bytes()))
        return path


def recorded(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@pytest.fixture
def draft() -> Callable[..., Draft]:
    """Makes drafts of wheels that are right as they are."""
    return Draft


@pytest.fixture
def certify() -> Callable[..., Path]:
    """Lays a certificate beside a wheel, which may say something else than is true."""

    def certified(wheel: Path, other: Mapping[str, object] = MappingProxyType({})) -> Path:
        name, version = wheel.name.split("-")[:2]
        distribution = name.replace("_", "-")
        values: dict[str, object] = {
            "distribution": distribution,
            "version": version,
            "plugins": [f"extension:{distribution.removeprefix('rosterbus-')}"],
            "wheel": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "suite": "0.1.0",
            "api": 1,
            "standing": "certified",
            "because": [],
            "outcomes": [TestOutcome("extension:acme::test_it", "it keeps its promise", "passed")],
        }
        path = certificate_of(wheel)
        write_certificate(Certificate(**{**values, **other}), path)  # type: ignore[arg-type]
        return path

    return certified


@pytest.fixture
def nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sees that nothing of any wheel ran within a test."""
    marker = tmp_path / "ran"
    monkeypatch.setenv("ROSTERBUS_RAN", str(marker))
    yield
    assert not marker.exists()


@dataclass
class Shop:
    """A marketplace of ann and ben, who both must sign, with the keys of both at hand."""

    place: Place
    wheels: Path

    @property
    def site(self) -> Path:
        return self.place.site

    @property
    def keys(self) -> KeyFolder:
        return self.place.keys

    @property
    def catalogue(self) -> Catalogue:
        return current(self.place)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A marketplace with acme 1.0."""
    keys = new_keys(tmp_path / "keys", ["ann", "ben"], threshold=2, passphrases=Passphrases(none=True))
    made = Shop(Place(tmp_path / "site", keys), tmp_path / "wheels")
    build(Wheels([Draft().write(made.wheels)]), made.place, closure=False)
    return made


@pytest.fixture
def verified_by(tmp_path: Path) -> Callable[..., Callable[[str], bytes]]:
    """Reads files of a site as any TUF client does, from its first root on; `state` makes it remember."""

    def client(site: Path, state: str = "client") -> Callable[[str], bytes]:
        folder = tmp_path / state
        folder.mkdir(exist_ok=True)
        base = f"{site.resolve().as_uri()}/"
        bootstrap = (site / "metadata" / "1.root.json").read_bytes()
        updater = Updater(
            str(folder),
            f"{base}metadata/",
            fetcher=FolderFetcher(),
            bootstrap=bootstrap,
            target_dir=str(folder),
        )
        updater.refresh()

        def read(name: str) -> bytes:
            target = updater.get_targetinfo(name)
            assert target is not None, name
            return Path(updater.download_target(target, target_base_url=base)).read_bytes()

        return read

    return client


class FolderFetcher(FetcherInterface):
    """Reads a folder, as little as can be, so that the signatures are tested and not our own client."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(urllib.request.url2pathname(urlsplit(url).path))
        if not path.is_file():
            raise DownloadHTTPError("not there", 404)
        return iter([path.read_bytes()])
