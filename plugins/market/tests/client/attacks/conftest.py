"""Somebody who attacks: a marketplace whose own people sign anything, and a public index where anybody publishes."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from rosterbus_market.issuing import Contents, issue
from rosterbus_market.publishing import current
from rosterbus_market.signing import sign_moment, sign_targets

POINTS = "[rosterbus.v1.extensions]\nacme = rosterbus_acme\n"
NEEDS = ("Requires-Python: >=3.11", "Requires-Dist: rosterbus>=0.1.0")
PIPELINE = """
timezone = "America/Chicago"
[source]
connector = "acme"
[deliver.acme]
connector = "acme"
"""
START = "from rosterbus.cli import main; main()"


@dataclass
class Room:
    """An environment with a project, into which nothing hostile may come. Whatever of it runs leaves `marker`."""

    site: Any
    marker: Path

    @property
    def project(self) -> Path:
        return Path(self.site.project)

    @property
    def packages(self) -> Path:
        return Path(self.site.packages)

    @property
    def mark(self) -> str:
        """Code that tells that it ran."""
        return f"open({str(self.marker)!r}, 'a').write(__name__ + '\\n')\n"

    def forget(self) -> None:
        """A project that trusts nobody yet."""
        shutil.rmtree(self.project / ".rosterbus", ignore_errors=True)
        (self.project / "rosterbus.lock").unlink(missing_ok=True)

    def started(self, *arguments: str, **environment: str) -> Any:
        """`rosterbus ...` in an interpreter of its own, which looks at everything that Python looks at on its start."""
        return subprocess.run(
            [str(self.site.python), "-c", START, *arguments],
            cwd=self.project,
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def use_everything(self) -> None:
        """Do what would import a plugin if it were there."""
        (self.project / "pipelines").mkdir(exist_ok=True)
        (self.project / "pipelines" / "nightly.toml").write_text(PIPELINE, encoding="utf-8")
        for command in (["connectors"], ["--help"], ["describe", "acme"], ["run", "nightly"], ["acme"]):
            self.started(*command)


@dataclass
class Crooks:
    """The people of a marketplace, who sign whatever they like."""

    shop: Any
    mark: str

    @property
    def site(self) -> Path:
        return Path(self.shop.site)

    @property
    def metadata(self) -> Path:
        return self.site / "metadata"

    @property
    def offered(self) -> Path:
        """The wheel that is to be installed."""
        return self.site / "packages" / "rosterbus_acme-1.0-py3-none-any.whl"

    def wheel(
        self,
        members: Mapping[str, str] = MappingProxyType({}),
        *,
        points: str = POINTS,
        metadata: Sequence[str] = NEEDS,
        entries: Sequence[tuple[str, str, int]] = (),
        patched: Callable[[bytes], bytes] = bytes,
    ) -> Path:
        """A wheel of acme 1.0 that marks whatever of it runs; `entries` are more names of its zip file, with modes."""
        package = "rosterbus_acme"
        with zipfile.ZipFile(self.shop.wheels / f"{package}-1.0-py3-none-any.whl") as honest:
            card = honest.read(f"{package}/connector.toml").decode()
        files = {f"{package}/__init__.py": self.mark, f"{package}/connector.toml": card, **members}
        path: Path = self.shop.write_wheel(
            self.shop.wheels / "hostile", "rosterbus-acme", "1.0", files, metadata=metadata, points=points
        )
        with zipfile.ZipFile(path, "a") as archive:
            for name, text, mode in entries:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                archive.writestr(info, text, zipfile.ZIP_DEFLATED)
        path.write_bytes(patched(path.read_bytes()))
        return path

    def offer(self, wheel: Path, **words: Any) -> None:
        """Put a wheel into the marketplace, with what the catalogue says of it, and sign it all."""
        shutil.copy(wheel, self.offered)
        content = wheel.read_bytes()
        self.say(sha256=hashlib.sha256(content).hexdigest(), size=len(content), **words)

    def say(self, *, signed: bool = True, **words: Any) -> None:
        """Let the catalogue say something else of acme 1.0."""
        path = self.site / "catalogue.json"
        values = json.loads(path.read_text(encoding="utf-8"))
        values["entries"][0]["releases"][0].update(words)
        path.write_text(json.dumps(values), encoding="utf-8")
        if signed:
            self.sign()

    def sign(self) -> None:
        """Sign the site as it is."""
        keys = self.shop.place.keys
        sign_targets(self.site, keys, version=keys.issue.versions["targets"] + 1)
        sign_moment(self.site, keys, versions=keys.issue.versions)

    def close(self, closure: str) -> None:
        """Publish this closure."""
        wheels = {path.name: path for path in self.shop.wheels.glob("*.whl")}
        issue(Contents(current(self.shop.place), wheels, closure.encode()), self.shop.place)

    def edit_list(self, role: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a signed list by hand."""
        path = self.metadata / f"{role}.json"
        values = json.loads(path.read_text(encoding="utf-8"))
        change(values)
        path.write_text(json.dumps(values), encoding="utf-8")


@dataclass
class Public:
    """A package index on this machine, where anybody publishes."""

    folder: Path
    url: str
    write_wheel: Callable[..., Path]
    mark: str

    def publish(self, name: str, version: str, *, requires: str = "", sdist: bool = False) -> str:
        """Publish a package that marks whatever of it runs; answers with its SHA-256."""
        package, metadata = name.replace("-", "_"), [f"Requires-Dist: {requires}"] if requires else []
        place = self.folder / name
        files = {f"{package}/__init__.py": self.mark, f"{package}.pth": f"import {package}"}
        path = (
            self._sdist(place, package, version)
            if sdist
            else self.write_wheel(place, name, version, files, metadata=metadata)
        )
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        with (place / "index.html").open("a", encoding="utf-8") as file:
            file.write(f'<a href="{path.name}#sha256={sha256}">{path.name}</a>')
        return sha256

    def _sdist(self, place: Path, package: str, version: str) -> Path:
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{package}-{version}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in {
                "setup.py": self.mark,
                "PKG-INFO": f"Name: {package}\nVersion: {version}\n",
            }.items():
                info = tarfile.TarInfo(f"{package}-{version}/{name}")
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
        return path


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, furnished: Callable[[Path, Path], Any]) -> Iterator[Room]:
    """The environment of all attacks; at the end everything is used, by an interpreter that starts anew."""
    folder = tmp_path_factory.mktemp("attacked")
    made = Room(furnished(folder / "environment", folder / "project"), folder / "ran")
    yield made
    made.use_everything()
    assert not made.marker.exists(), made.marker.read_text(encoding="utf-8")


@pytest.fixture
def crooks(shop: Any, room: Room) -> Crooks:
    """A marketplace with acme 1.0, as yet honest."""
    room.forget()
    return Crooks(shop, room.mark)


@pytest.fixture
def public(tmp_path: Path, shop: Any, room: Room) -> Iterator[Public]:
    """The public index, which is asked where nothing else is said."""
    folder = tmp_path / "public"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Public(folder, f"http://127.0.0.1:{server.server_port}", shop.write_wheel, room.mark)
    server.shutdown()
    server.server_close()
