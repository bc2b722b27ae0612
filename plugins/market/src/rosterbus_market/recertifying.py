"""Runs the conformance suite of connectors again, each in a fresh environment with a core that is coming."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename
from rosterbus.certificates import Certificate, certificate_of, read_certificate
from rosterbus.errors import ConfigError, PluginError
from rosterbus.hookspecs import PROJECT
from rosterbus.lock import canonical

from rosterbus_market.environment import uv_environment
from rosterbus_market.uv_process import run_uv, uv_said

CERTIFY = f"{PROJECT}-certify"
SECONDS = 3600


@dataclass(frozen=True)
class Outcome:
    """What the suite says of one wheel now, and said `before`; `error` where it could not be put to the test."""

    distribution: str
    version: str
    before: str
    certificate: Certificate | None = None
    error: str = ""

    @property
    def standing(self) -> str:
        """Certified, draft, failed, or not examined."""
        return self.certificate.standing if self.certificate else "not examined"

    @property
    def fine(self) -> bool:
        """Whether it holds with this core."""
        return self.standing in ("certified", "draft")

    @property
    def failed(self) -> list[str]:
        """The tests that failed."""
        outcomes = self.certificate.outcomes if self.certificate else ()
        return [one.test for one in outcomes if one.outcome == "failed"]

    def as_json(self) -> dict[str, Any]:
        """The outcome for machines."""
        told = {"distribution": self.distribution, "version": self.version, "before": self.before}
        return {**told, "standing": self.standing, "failed": self.failed, "error": self.error}


@dataclass(frozen=True)
class Wheels:
    """The wheels at hand, by distribution: the coming core, the suite's runner, and every connector."""

    core: Path
    others: Mapping[str, Path]

    def own(self) -> dict[str, Path]:
        """All that is ours: no index is asked for any of these names."""
        return {**self.others, distribution_of(self.core): self.core}


def distribution_of(wheel: Path) -> str:
    """The distribution of a wheel, by its file's name; raises ConfigError for what has none."""
    try:
        return canonical(parse_wheel_filename(wheel.name)[0])
    except ValueError as error:
        raise ConfigError("this is no wheel", file=wheel) from error


def recertify(name: str, before: Certificate | None, wheels: Wheels, folder: Path) -> Outcome:
    """Run the suite of one connector in a fresh environment below `folder`, which is left for a look where it fails."""
    wheel = wheels.others[name]
    version = str(parse_wheel_filename(wheel.name)[1])
    standing = before.standing if before else "no certificate"
    try:
        certificate = _certified(name, wheel, wheels, folder)
    except (PluginError, ConfigError) as error:
        return Outcome(name, version, standing, error=str(error))
    return Outcome(name, version, standing, certificate)


def _certified(name: str, wheel: Path, wheels: Wheels, folder: Path) -> Certificate:
    if CERTIFY not in wheels.others:
        raise ConfigError("the marketplace does not have it", found=CERTIFY, allowed="publish its wheel")
    folder.mkdir(parents=True)
    copied = Path(shutil.copy(wheel, folder / wheel.name))
    python = _environment(name, wheels, folder)
    done = subprocess.run(  # noqa: S603 - the interpreter of an environment that was made for it
        [str(python), "-I", "-c", "from rosterbus.cli import main; main()", "certify", copied.name, "--json"],
        cwd=folder,
        env=dict(uv_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=SECONDS,
        check=False,
    )
    path = certificate_of(copied)
    if not path.is_file():
        raise PluginError(f"no certificate was written: {_said(done.stdout, done.stderr)}")
    certificate = read_certificate(path)
    if (certificate.distribution, certificate.wheel) != (name, wheel.name):
        raise PluginError(f"the certificate is of {certificate.wheel}, not of {wheel.name}")
    return certificate


def _environment(name: str, wheels: Wheels, folder: Path) -> Path:
    """A fresh environment with the coming core, the connector and its twin, and the suite; answers with its Python."""
    place = folder / "environment"
    _uv("venv", "--quiet", "--no-project", "--python", sys.executable, str(place))
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    own = wheels.own()
    wanted = [_at(PROJECT, own), _at(CERTIFY, own)]
    if name != CERTIFY:
        wanted.append(_at(name, own, "[twin]"))
    constraints = "".join(f"{_at(one, own)}\n" for one in sorted(own))
    (folder / "own.txt").write_text(constraints, encoding="utf-8")
    _uv("pip", "install", "--quiet", "--python", str(python), "--only-binary", ":all:",
        "--constraints", str(folder / "own.txt"), *wanted)  # fmt: skip
    return python


def _at(name: str, own: Mapping[str, Path], extra: str = "") -> str:
    return f"{name}{extra} @ {own[name].resolve().as_uri()}"


def _uv(*arguments: str) -> None:
    process = run_uv(arguments)
    if process.returncode:
        raise PluginError(f"its environment cannot be made: {uv_said(process)}")


def _said(out: str, err: str) -> str:
    try:
        told = json.loads(out)
    except ValueError:
        told = {}
    lines: Sequence[str] = [*told.get("trouble", ()), told.get("error", ""), *err.strip().splitlines()[-1:]]
    return next((" ".join(str(one).split()) for one in lines if one), "it said nothing")
