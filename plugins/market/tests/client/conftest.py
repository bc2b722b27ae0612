"""A marketplace of little real wheels, and throw-away environments that install from it.

An environment sees the packages of the one that runs the tests, so that the core and what it stands on are there
without a network; what is installed goes into its own folder, by the real uv.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pytest
import uv
from rosterbus_market.environment import needs
from rosterbus_market.issuing import Contents, Place, issue
from rosterbus_market.key_folder import DAYS, new_keys
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.publishing import Wheels, build, current, publish, withdraw
from rosterbus_market.signing import fingerprint

CARD = """
title = "{title}"
kind = "extension"
system = "A vendor"
pages = []
hosts = ["upload.{name}.example.org"]
guarantee = ""
absence = ""
commands = {{ {name} = "Say hello" }}
maturity = "draft"
maintainers = []
"""
CODE = '''
"""A plugin that tells that it was imported, and has one command."""

import os
from pathlib import Path, PurePosixPath

import click
from rosterbus.hookspecs import hookimpl

if "SEEN" in os.environ:
    with Path(os.environ["SEEN"]).open("a", encoding="utf-8") as file:
        file.write("{name} {version}\\n")


@hookimpl
def commands():
    return [click.Command("{name}", callback=lambda: click.echo("hello from {name} {version}"))]
'''


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    python: str = ">=3.11",
    files: dict[str, str] | None = None,
    kinds: Sequence[str] = ("extension",),
    api: int = 1,
) -> Path:
    """Write the wheel of a little plugin, byte for byte the same for the same arguments.

    Each of its `kinds` is a module of its own, given in `files`, where there are several.
    """
    package = f"rosterbus_{name}"
    lines = [
        f"Requires-Python: {python}",
        *(f"Requires-Dist: {one}" for one in ("rosterbus>=0.1.0", *requires)),
    ]
    modules = {one: package if len(kinds) == 1 else f"{package}.{one}" for one in kinds}
    points = "".join(f"[rosterbus.v{api}.{one}s]\n{name} = {module}\n" for one, module in modules.items())
    card = CARD.format(name=name, title=f"{name} {version}")
    if len(kinds) > 1:
        card = card.replace('"extension"', str(list(kinds))).replace(f'{{ {name} = "Say hello" }}', "{}")
    members = {
        f"{package}/__init__.py": CODE.format(name=name, version=version),
        f"{package}/connector.toml": card,
        f"{package}/CHANGELOG.md": f"# Changelog\n\n## [{version}]\n\n### Added\n- What is new in {version}\n",
        **(files or {}),
    }
    return write_wheel(folder, f"rosterbus-{name}", version, members, metadata=lines, points=points)


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    members: dict[str, str],
    *,
    metadata: Sequence[str] = (),
    points: str = "",
) -> Path:
    """Write a wheel of these files."""
    stem = f"{name.replace('-', '_')}-{version}"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Says hello", *metadata]
    told = {
        "METADATA": "\n".join(lines) + "\n\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **({"entry_points.txt": points} if points else {}),
    }
    members = {**members, **{f"{stem}.dist-info/{file}": text for file, text in told.items()}}
    record = "".join(f"{path},{_recorded(text)},{len(text.encode())}\n" for path, text in members.items())
    members[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return wheel


def _recorded(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shop:
    """A marketplace of one person."""

    place: Place
    wheels: Path
    make_wheel = staticmethod(make_wheel)
    write_wheel = staticmethod(write_wheel)

    @property
    def site(self) -> Path:
        return self.place.site

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.place.keys.roots[0].read_bytes())

    def publish(self, name: str, version: str, *, closure: str = "", **options: Any) -> Path:
        """Publish a little plugin, and with it this closure."""
        wheel = make_wheel(self.wheels, name, version, **options)
        publish(Wheels([wheel]), self.place, closure=False)
        if closure:
            catalogue = current(self.place)
            wheels = {path.name: path for path in self.wheels.glob("*.whl")}
            issue(Contents(catalogue, wheels, closure.encode()), self.place)
        return wheel

    def withdraw(self, name: str, version: str, reason: str) -> None:
        withdraw(name, version, self.place, reason=reason)


@dataclass
class Site:
    """A throw-away environment with a project, and a process of it that runs commands."""

    python: Path
    project: Path
    server: subprocess.Popen[str]

    def run(self, *arguments: str, **environment: str) -> Ran:
        """`rosterbus ...` in the project, in this environment."""
        files = {name: str(self.python.parents[1] / name) for name in ("out", "err")}
        variables = {"SEEN": str(self.project / "seen.txt"), "UV_OFFLINE": "1", **environment}
        order = {"arguments": arguments, "folder": str(self.project), "environment": variables, **files}
        assert self.server.stdin
        assert self.server.stdout
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        code = int(self.server.stdout.readline())
        out, err = (Path(file).read_text(encoding="utf-8") for file in files.values())
        return Ran(code, out, err)

    def market(self, *arguments: str, **environment: str) -> Ran:
        """`rosterbus market ...`."""
        return self.run("market", *arguments, **environment)

    @property
    def seen(self) -> list[str]:
        """The plugins that were imported, in order."""
        path = self.project / "seen.txt"
        return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []

    def stop(self) -> None:
        """End the process."""
        if self.server.poll() is None:
            self.server.terminate()
            self.server.communicate(timeout=30)

    @property
    def packages(self) -> Path:
        """Where this environment's packages lie."""
        return next((self.python.parents[1] / "lib").glob("python*/site-packages"))


@pytest.fixture(scope="session")
def below(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, the market and what they stand on, as links into the environment of the tests: no other plugin."""
    base = tmp_path_factory.mktemp("below")
    folder = base / "lib" / "python" / "site-packages"
    folder.mkdir(parents=True)
    (base / "bin").symlink_to(Path(sys.executable).parent)
    for distribution in {**closure_of("rosterbus"), **closure_of("rosterbus-market")}.values():
        for top in {PurePosixPath(one.as_posix()).parts[0] for one in distribution.files or ()}:
            there = Path(str(distribution.locate_file(top)))
            if top not in ("..", "/", "__pycache__") and there.exists() and not (folder / top).exists():
                (folder / top).symlink_to(there)
    for name in ("rosterbus", "rosterbus_market"):
        package = next(iter(importlib.util.find_spec(name).submodule_search_locations))
        if not (folder / name).exists():
            (folder / name).symlink_to(package)
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").symlink_to(uv.find_uv_bin())
    return folder


def closure_of(name: str) -> dict[str, importlib.metadata.Distribution]:
    """A distribution and everything that it needs here, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [name]
    while waiting:
        one = importlib.metadata.distribution(waiting.pop())
        if one.name not in found:
            found[one.name] = one
            waiting += [needed.name for needed in needs(one)]
    return found


@pytest.fixture(scope="session")
def opened() -> Callable[[Path], Shop]:
    """A function that makes a marketplace with the plugin `acme` 1.0 in a folder."""

    def make(folder: Path, *people: str, days: Mapping[str, int] = MappingProxyType({})) -> Shop:
        names = people or ("ann",)
        no_secrets = Passphrases(none=True)
        keys = new_keys(
            folder / "keys",
            names,
            threshold=len(names),
            passphrases=no_secrets,
            days={**DAYS, **days},
        )
        made = Shop(Place(folder / "site", keys), folder / "wheels")
        build(Wheels([make_wheel(made.wheels, "acme", "1.0")]), made.place, closure=False)
        return made

    return make


@pytest.fixture
def shop(tmp_path: Path, opened: Callable[[Path], Shop]) -> Shop:
    """A marketplace with the plugin `acme` 1.0."""
    return opened(tmp_path)


@pytest.fixture(scope="session")
def furnished(below: Path) -> Iterator[Callable[[Path, Path], Site]]:
    """A function that makes a throw-away environment and an empty project in these folders."""
    made: list[Site] = []

    def make(folder: Path, project: Path) -> Site:
        command = [uv.find_uv_bin(), "venv", "--quiet", "--offline", "--python", sys.executable, str(folder)]
        subprocess.run(command, check=True, timeout=60)
        project.mkdir()
        (project / "rosterbus.toml").write_text('timezone = "America/Chicago"\n', encoding="utf-8")
        python = folder / "bin" / "python"
        packages = next((folder / "lib").glob("python*/site-packages"))
        (packages / "below.pth").write_text(f"{below}\n", encoding="utf-8")
        server = subprocess.Popen(
            [str(python), "-W", "error", str(Path(__file__).with_name("command_server.py"))],
            cwd=project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        made.append(Site(python, project, server))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def new_site(tmp_path: Path, furnished: Callable[[Path, Path], Site]) -> Iterator[Callable[..., Site]]:
    """A function that makes a throw-away environment with an empty project."""
    made: list[Site] = []

    def make() -> Site:
        folder, project = (tmp_path / f"{what}-{len(made)}" for what in ("environment", "project"))
        made.append(furnished(folder, project))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def site(new_site: Callable[..., Site], shop: Shop) -> Site:
    """An environment whose project trusts the shop."""
    made = new_site()
    ran = made.market("trust", str(shop.site), "--fingerprint", shop.fingerprint)
    assert ran.code == 0, ran.err
    return made


@pytest.fixture
def elsewhere(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Publish a wheel on the public index, which is a folder here; answers with its SHA-256."""
    index = tmp_path / "public"
    index.mkdir()
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.as_uri())
    monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")

    def write(name: str, version: str, *, requires: str = "") -> str:
        package = name.replace("-", "_")
        metadata = [f"Requires-Dist: {requires}"] if requires else []
        folder = index / name
        wheel = shop.write_wheel(folder, name, version, {f"{package}/__init__.py": ""}, metadata=metadata)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = f'<a href="{wheel.name}#sha256={sha256}">{wheel.name}</a>'
        with (folder / "index.html").open("a", encoding="utf-8") as file:
            file.write(link)
        return sha256

    return write
