"""The entry points of a wheel: only groups of rosterbus, only its own name, only its own modules."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from rosterbus.cards import KINDS
from rosterbus.hookspecs import PROJECT

from rosterbus_market.examining.archive import Archive
from rosterbus_market.examining.identity import Identity
from rosterbus_market.examining.names import PREFIX, short_name
from rosterbus_market.refusals import WheelRefusedError

_GROUP = re.compile(rf"{PROJECT}\.v([1-9]\d{{0,3}})\.(\w+)s", re.ASCII)
_HEADING = re.compile(r"\[([^\]\s]+)\]")
_LINE = re.compile(r"(\S+) ?= ?(\S+)")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_CORE_SCRIPT = {"console_scripts": {PROJECT: f"{PROJECT}.cli:main"}}


@dataclass(frozen=True)
class Points:
    """The connector API, and "kind:name" with the module of each entry point."""

    api: int
    modules: Mapping[str, str]


def read_points(archive: Archive, identity: Identity, *, known: Collection[str], core: bool) -> Points:
    """Read entry_points.txt; raises WheelRefusedError for whatever a plugin may not claim."""
    groups = _groups(archive, f"{identity.info}/entry_points.txt")
    if core:
        if groups != _CORE_SCRIPT:
            raise WheelRefusedError(archive.wheel, "the core has other entry points than its command")
        return Points(0, {})
    apis = {_checked_api(archive.wheel, group) for group in groups}
    if len(apis) != 1:
        found = ", ".join(sorted(groups)) or "none"
        raise WheelRefusedError(archive.wheel, "it needs entry points of one connector API", found=found)
    modules = {}
    for group, points in groups.items():
        kind = _kind(group)
        for name, value in points.items():
            _check_name(archive.wheel, name, identity, known)
            _check_module(archive, value, identity)
            modules[f"{kind}:{name}"] = value
    return Points(apis.pop(), dict(sorted(modules.items())))


def _groups(archive: Archive, path: str) -> dict[str, dict[str, str]]:
    """The file, read more strictly than any installer does, so that all of them read the same."""
    if path not in archive.digests:
        raise WheelRefusedError(
            archive.wheel, "it has no entry points", allowed=f"a group `{PROJECT}.v1.<kind>s`"
        )
    try:
        lines = archive.read(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise WheelRefusedError(archive.wheel, "its entry points are no text in UTF-8") from error
    groups: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in filter(str.strip, lines):
        heading, point = _HEADING.fullmatch(line), _LINE.fullmatch(line)
        if heading and heading[1] not in groups:
            current = groups.setdefault(heading[1], {})
        elif point and not heading and current is not None and point[1] not in current:
            current[point[1]] = point[2]
        else:
            wrong = "its entry points have a line that is no `[group]` and no `name = module`, or stands there twice"
            raise WheelRefusedError(archive.wheel, wrong, found=repr(line))
    return groups


def _checked_api(wheel: str, group: str) -> int:
    shape = _GROUP.fullmatch(group)
    if group in ("console_scripts", "gui_scripts"):
        what = "it adds a command to the environment, which could take the place of another"
        raise WheelRefusedError(
            wheel, what, found=f"`{group}`", allowed="commands of `rosterbus` by its card"
        )
    if shape is None or shape[2] not in KINDS:
        allowed = ", ".join(f"{PROJECT}.v1.{kind}s" for kind in KINDS)
        what = "it has an entry point in a group of others, which they would load"
        raise WheelRefusedError(wheel, what, found=f"`{group}`", allowed=allowed)
    return int(shape[1])


def _kind(group: str) -> str:
    return group.rpartition(".")[2].removesuffix("s")


def _check_name(wheel: str, name: str, identity: Identity, known: Collection[str]) -> None:
    own = short_name(identity.distribution)
    if name == own:
        return
    owner = f"{PREFIX}{name}"
    stolen = f", which is the name of {owner}" if owner in known else ""
    what = f"it has an entry point with a name that is not its own{stolen}"
    raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed=f"`{own}`")


def _check_module(archive: Archive, value: str, identity: Identity) -> None:
    path = value.replace(".", "/")
    if not _MODULE.fullmatch(value) or value.partition(".")[0] != identity.package:
        what = "an entry point names something else than a module of its own package"
        raise WheelRefusedError(
            archive.wheel, what, found=f"`{value}`", allowed=f"`{identity.package}` or below"
        )
    if not {f"{path}.py", f"{path}/__init__.py"} & set(archive.names):
        raise WheelRefusedError(
            archive.wheel, "an entry point names a module that is not there", found=f"`{value}`"
        )
