"""From a distribution's folder to its wheel, whose bytes are the same whenever the folder's are."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from rosterbus.errors import ConfigError, RosterbusError

MOMENT = 1_580_601_600
"""2020-02-02, which build back ends write into archives instead of the time."""
SECONDS = 600


def wheel_of(path: Path, out: Path | None, scratch: Path) -> Path:
    """The wheel that is meant: the file itself, or what is built of a folder and laid into `out` (default PATH/dist).

    Raises ConfigError where `path` is neither, RosterbusError where it cannot be built.
    """
    if path.suffix == ".whl":
        return path
    if not (path / "pyproject.toml").is_file():
        raise ConfigError(
            "this is no distribution", file=path, allowed="a folder with a pyproject.toml, or a wheel"
        )
    scratch.mkdir(mode=0o700)
    _build(path, scratch)
    [built] = scratch.glob("*.whl")
    to = (out or path / "dist") / built.name
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, to.with_name(f".{to.name}"))
    return to.with_name(f".{to.name}").replace(to)


def _build(path: Path, into: Path) -> None:
    here = _has_what_it_asks_for(path)
    command = _with_what_is_here(path, into) if here else _in_isolation(path, into)
    done = subprocess.run(  # noqa: S603 - uv, or this interpreter
        command,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="backslashreplace",
        env={**os.environ, "SOURCE_DATE_EPOCH": str(MOMENT)},
        timeout=SECONDS,
    )
    if done.returncode == 0 and len(list(into.glob("*.whl"))) == 1:
        return
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    advice = (
        "see what its build back end says"
        if here
        else "its build back end has to be fetched; without a network, install it here: "
        f"python -m pip install {' '.join(map(repr, _asked_for(path)))}"
    )
    raise RosterbusError(f"{path}: no wheel was built ({said[-1] if said else 'no word'}); {advice}")


def _with_what_is_here(path: Path, into: Path) -> list[str]:
    return [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(into), str(path)]


def _in_isolation(path: Path, into: Path) -> list[str]:
    if uv := _uv():
        return [uv, "build", "--wheel", "--python", sys.executable, "--out-dir", str(into), str(path)]
    return [sys.executable, "-m", "build", "--wheel", "--outdir", str(into), str(path)]


def _uv() -> str | None:
    if importlib.util.find_spec("uv"):
        import uv

        try:
            return str(uv.find_uv_bin())
        except FileNotFoundError:
            pass  # a package without its program; the one on the path may serve
    return shutil.which("uv")


def _has_what_it_asks_for(path: Path) -> bool:
    return all(map(_is_here, _asked_for(path)))


def _asked_for(path: Path) -> list[str]:
    file = path / "pyproject.toml"
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        requires = said.get("build-system", {}).get("requires", ["setuptools", "wheel"])
        return [str(Requirement(one)) for one in requires]
    except (InvalidRequirement, ValueError, TypeError) as error:
        raise ConfigError(f"the file is not as it has to be: {error}", file=file) from error


def _is_here(line: str) -> bool:
    wanted = Requirement(line)
    if wanted.marker and not wanted.marker.evaluate():
        return True
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False
