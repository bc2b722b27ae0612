"""One marketplace of everything in this repository, a whole copy of it, and machines that have nothing yet."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import uv
from filelock import FileLock
from rosterbus_demo.project import CHANGES, HEAD
from rosterbus_oneroster.synthetic import write_district

ROOT = Path(__file__).parents[2]
SECONDS = 240
START = "from rosterbus.cli import main; main()"


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Everything:
    """A folder with `dist`, the wheels; `site`, the marketplace of them; `mirror`, its copy; and `cache`, uv's."""

    folder: Path

    @property
    def mirror(self) -> Path:
        return self.folder / "mirror"

    @property
    def fingerprint(self) -> str:
        return (self.folder / "fingerprint").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Machine:
    """An empty environment with a project. `inside` comes before each command line, as what cuts the network off."""

    folder: Path
    everything: Everything
    inside: Sequence[str] = ()
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        return self.folder / ".venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def packages(self) -> Path:
        return next((self.folder / ".venv" / "lib").glob("python*/site-packages"))

    def run(self, program: str, *arguments: object) -> Ran:
        """Run a program in the project, with nothing of this process's environment that could help it."""
        line = [*self.inside, str(self.bin / program) if (self.bin / program).exists() else program]
        done = subprocess.run(
            [*line, *map(str, arguments)],
            cwd=self.folder,
            env={**clean(), "UV_CACHE_DIR": str(self.everything.folder / "cache"), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def did(self, program: str, *arguments: object) -> Ran:
        """The same; it has to end well."""
        ran = self.run(program, *arguments)
        assert ran.code == 0, f"{program} {arguments}\n{ran.out}\n{ran.err}"
        return ran

    def bootstrap(self) -> None:
        """What the documentation says: rosterbus itself from the copy, every file by its hash; and whom to trust."""
        mirror = self.everything.mirror
        self.did(uv.find_uv_bin(), "venv", "--quiet", "--offline", "--python", sys.executable, ".venv")
        places = ["--find-links", mirror / "packages", "--find-links", mirror / "dependencies"]
        hashed = ["--require-hashes", "--only-binary", ":all:", "--requirement", mirror / "bootstrap.txt"]
        python = ["--python", self.bin / "python"]
        install = ["pip", "install", "--quiet", *python, "--offline", "--no-index"]
        self.did(uv.find_uv_bin(), *install, *places, *hashed)
        (self.folder / "rosterbus.toml").write_text('timezone = "America/Chicago"\n', encoding="utf-8")
        self.did("rosterbus", "market", "trust", mirror, "--fingerprint", self.everything.fingerprint)

    def install(self, *names: str) -> None:
        """`rosterbus market install`, after which every plugin is there and has no problem."""
        self.did("rosterbus", "market", "install", *names, "--yes")
        plugins = self.did("rosterbus", "connectors", "--json").json["plugins"]
        there = {one["distribution"]: one["problem"] for one in plugins}
        assert there == dict.fromkeys(there), there
        wanted = {f"rosterbus-{name.partition('[')[0]}" for name in names}
        assert wanted <= {*there}, there

    def pipeline(self, name: str, settings: str = "") -> None:
        """Write an export of a little district, and a pipeline from it to one vendor, of the same name."""
        write_district(self.folder / "export", schools=5, students=300, bad_share=0.0)
        (self.folder / "pipelines").mkdir()
        text = f"{HEAD}\n[deliver.{name}]\n{settings}{CHANGES[name]}"
        (self.folder / "pipelines" / f"{name}.toml").write_text(text, encoding="utf-8", newline="\n")

    def change_one_byte(self, name: str) -> None:
        """Change one byte of what is installed of a distribution, as somebody would who can write there."""
        path = self.packages / f"rosterbus_{name.replace('-', '_')}" / "__init__.py"
        content = path.read_bytes()
        assert content.endswith(b"\n")
        path.unlink()  # another file may be linked to it
        path.write_bytes(content[:-1] + b" ")


def clean() -> dict[str, str]:
    """This process's environment without what chooses packages or interpreters."""
    dropped = ("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV", "TOX_", "COV_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """The marketplace of this repository and its copy, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = Everything(shared / "everything")
    with FileLock(shared / "everything.lock"):
        if not (made.folder / "fingerprint").is_file():
            shutil.rmtree(made.folder, ignore_errors=True)
            made.folder.mkdir()
            _make(made)
    return made


def _make(made: Everything) -> None:
    wheels = sorted(_dist(made.folder).glob("rosterbus*.whl"))
    keys, site, project = (made.folder / name for name in ("keys", "site", "project"))
    project.mkdir()
    (project / "rosterbus.toml").touch()
    market("keys", "new", keys, "--people", "ann", "--threshold", "1", "--no-passphrase")
    market("build", *wheels, "--out", site, "--keys", keys, "--title", "Everything")
    shown = market("keys", "show", keys).out
    fingerprint = shown.splitlines()[0].rpartition(" ")[2]
    market("trust", site, "--fingerprint", fingerprint, "--folder", project)
    market("mirror", made.mirror, "--folder", project)
    (made.folder / "fingerprint").write_text(fingerprint, encoding="utf-8")


def market(*arguments: object) -> Ran:
    """`rosterbus market ...` of the environment that runs the tests; it has to end well."""
    line = [sys.executable, "-c", START, "market", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def _dist(folder: Path) -> Path:
    """The wheels that this environment was installed from, with their certificates; else fresh ones."""
    told = json.loads(importlib.metadata.distribution("rosterbus").read_text("direct_url.json") or "{}")
    installed = Path(unquote(urlsplit(told.get("url", "")).path))
    if installed.suffix == ".whl" and installed.is_file():
        return installed.parent
    build = [
        uv.find_uv_bin(),
        "build",
        "--quiet",
        "--all-packages",
        "--wheel",
        "--out-dir",
        str(folder / "dist"),
    ]
    subprocess.run(build, cwd=ROOT, check=True, timeout=SECONDS, capture_output=True)
    return folder / "dist"


@pytest.fixture
def new_machine(tmp_path: Path, everything: Everything) -> Callable[..., Machine]:
    """A function that makes a machine, without anything of ours on it."""

    def make(name: str = "machine", **options: Any) -> Machine:
        folder = tmp_path / name
        folder.mkdir()
        return Machine(folder, everything, **options)

    return make


@pytest.fixture
def machine(new_machine: Callable[..., Machine]) -> Iterator[Machine]:
    """A machine that has rosterbus itself, from the copy."""
    made = new_machine()
    made.bootstrap()
    yield made
    shutil.rmtree(made.folder / ".venv")  # many are made, and each is large
