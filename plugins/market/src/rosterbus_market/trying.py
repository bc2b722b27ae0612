"""Tries a new closure beside the old one: what it declares and would send differently, with nothing replaced."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError, PluginError
from rosterbus.lock import Lock, read_lock
from rosterbus.private import private_folder
from rosterbus.project import Project, load_pipeline, load_project, pipeline_files

from rosterbus_market.agreeing import Proposal
from rosterbus_market.inspecting import Request
from rosterbus_market.installing import for_here, requirements
from rosterbus_market.locking import changes, write_lock
from rosterbus_market.state import MarketState
from rosterbus_market.uv_process import run_uv, uv_said

SECONDS = 1800
LOCK = "rosterbus.lock"
BEFORE = "before.sha256"


def tried_lock(state: MarketState, name: str) -> Lock:
    """The lock that was tried for a connector; raises ConfigError without one, or where the project's changed since."""
    folder = _folder(state, name)
    if not (folder / BEFORE).is_file():
        raise ConfigError(
            "nothing was tried", found=f"`{name}`", allowed=f"rosterbus market upgrade {name} --try"
        )
    if (folder / BEFORE).read_text(encoding="utf-8") != _digest(state.lock):
        raise ConfigError(
            "the lock changed since it was tried", allowed=f"rosterbus market upgrade {name} --try"
        )
    return read_lock(folder / LOCK)


def forget_try(state: MarketState, name: str) -> None:
    """Take away what was built for a try."""
    shutil.rmtree(_folder(state, name), ignore_errors=True)


def try_out(state: MarketState, proposal: Proposal, name: str, dependencies: Path | None) -> list[str]:
    """Build the environment of a proposal beside this one, ask both the same, and say in sentences what differs."""
    forget_try(state, name)
    folder = private_folder(_folder(state, name))
    python = _environment(state, proposal, folder, dependencies)
    plugins = sorted(proposal.releases[name].entry_points)
    project = load_project(state.lock.parent)
    pipelines = sorted(_affected(project, {one.partition(":")[2] for one in plugins}))
    request = Request(str(project.folder), str(state.lock), plugins, pipelines, datetime.now(UTC).isoformat())
    old = _ask(sys.executable, request, folder / "old")
    new = _ask(str(python), replace(request, lock=str(folder / LOCK)), folder / "new")
    found = list(differing(old, new))
    (folder / BEFORE).write_text(_digest(state.lock), encoding="utf-8")
    return found


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What two environments declare and would send differently, as sentences."""
    for plugin, then in new["plugins"].items():
        now = old["plugins"].get(plugin, {})
        if "error" in then:
            yield f"{plugin} fails: {then['error']}"
            continue
        yield from _named(f"{plugin}: setting", _by(now, "settings", "name"), _by(then, "settings", "name"))
        yield from _named(f"{plugin}: host", _each(now, "hosts"), _each(then, "hosts"))
        yield from _named(f"{plugin}: rule", _by(now, "rules", "sentence"), _by(then, "rules", "sentence"))
        yield from _named(f"{plugin}: column of", _columns(now), _columns(then))
    for pipeline, then in new["pipelines"].items():
        yield from _deliveries(pipeline, old["pipelines"].get(pipeline, {}), then)


def _deliveries(pipeline: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if "error" in new or "error" in old:
        if old.get("error") != new.get("error"):
            yield f"{pipeline}: {old.get('error', 'was planned')} -> {new.get('error', 'is planned')}"
        else:
            yield f"{pipeline} could not be compared: {new['error']}"
        return
    for name, plan in new.items():
        before = old.get(name, {})
        at = f"{pipeline}, {name}"
        if before.get("verdict") != plan["verdict"]:
            yield f"{at}: {before.get('verdict')} -> {plan['verdict']} ({plan['because']})"
        if before.get("target") != plan["target"]:
            yield f"{at}: goes to {plan['target']}, not to {before.get('target')}"
        yield from _files(at, before.get("files", {}), plan["files"])
        findings = ({one: one for one in side.get("findings", ())} for side in (before, plan))
        yield from _named(f"{at}: finding", *findings)


def _files(at: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from _named(f"{at}: file", dict.fromkeys(old), dict.fromkeys(new))
    for name in old.keys() & new.keys():
        was, is_ = old[name], new[name]
        if was["sha256"] != is_["sha256"]:
            rows, size = (
                f"{was['rows']:,} -> {is_['rows']:,} rows",
                f"{was['bytes']:,} -> {is_['bytes']:,} bytes",
            )
            yield f"{at}: {name} has other bytes ({rows}, {size})"


def _named(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        if name not in old:
            yield f"{what} {name} is new"
        elif name not in new:
            yield f"{what} {name} is gone"
        elif old[name] != new[name]:
            changed = [key for key in new[name] if old[name].get(key) != new[name][key]]
            yield f"{what} {name} is another: {', '.join(f'{key} {new[name][key]!r}' for key in changed)}"


def _by(told: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    return {str(one[name]): one for one in told.get(key, ())}


def _columns(told: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{one['file']}, {it['column']}": it for one in told.get("layouts", ()) for it in one["columns"]}


def _each(told: Mapping[str, Any], key: str) -> dict[str, None]:
    return dict.fromkeys(told.get(key, ()))


def _affected(project: Project, names: set[str]) -> Iterator[str]:
    for name in pipeline_files(project):
        pipeline = load_pipeline(project, name)
        used = {pipeline.source.connector, *(one.connector for one in pipeline.deliveries)}
        if used & names:
            yield name


def _environment(state: MarketState, proposal: Proposal, folder: Path, dependencies: Path | None) -> Path:
    """An environment that sees this one, with what the proposal changes laid over it; answers with its Python."""
    place = folder / "environment"
    _uv("venv", "--quiet", "--python", sys.executable, str(place))
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    names = {"base": str(place), "platbase": str(place)}
    own = Path(sysconfig.get_path("purelib", "venv", names))
    below = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in dict.fromkeys(below))
    (own / "rosterbus-below.pth").write_text(lines, encoding="utf-8")
    changed = changes(proposal.former, proposal.lock)
    over = [one for one in for_here(proposal.lock.packages) if one.name in changed and one.origin != "core"]
    write_lock(proposal.lock, folder / LOCK)
    if over:
        file = folder / "install.txt"
        file.write_text(requirements(state, over), encoding="utf-8", newline="\n")
        places = ["--no-index", "--find-links", str(dependencies), "--offline"] if dependencies else []
        _uv(
            *(
                "pip",
                "install",
                "--python",
                str(python),
                "--requirement",
                str(file),
                "--require-hashes",
                "--no-deps",
            ),
            *("--only-binary", ":all:", "--index-strategy", "first-index", "--link-mode", "copy", *places),
        )
    return python


def _ask(python: str, request: Request, folder: Path) -> dict[str, Any]:
    private_folder(folder)
    question, answer = folder / "request.json", folder / "answer.json"
    question.write_text(json.dumps(asdict(request)), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - an interpreter of ours and a module of ours
        [python, "-P", "-m", "rosterbus_market.inspecting", str(question), str(answer)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode or not answer.is_file():
        last = done.stderr.decode("utf-8", errors="backslashreplace").strip().splitlines()[-1:]
        raise PluginError(f"the environment could not be looked at: {' '.join(last) or 'no word of it'}")
    told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return told


def _uv(*arguments: str) -> None:
    process = run_uv(arguments)
    if process.returncode:
        raise PluginError(f"uv could not build the environment beside this one: {uv_said(process)}")


def _folder(state: MarketState, name: str) -> Path:
    return state.folder / "tries" / name


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() if lock.is_file() else b"").hexdigest()
