"""Looks at an unpacked wheel from inside a fresh process: is it the one that is found, what does it need, what is it?

Started by path with a request and an answer, both files of JSON.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TWIN = "twin"
TESTING = "rosterbus[testing]"


def survey(request: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, ready for JSON; `problem` where the wheel cannot be put to the test here."""
    folder = Path(request["folder"])
    found = distribution(request["distribution"])
    if not Path(str(found.locate_file(""))).samefile(folder):
        return {"problem": f"another copy of {request['distribution']} takes the place of the wheel"}
    if unmet := sorted(set(_unmet(found))):
        wanted = " ".join(f"'{one}'" for one in unmet)
        return {"problem": f"the environment lacks what the wheel needs; run: python -m pip install {wanted}"}
    conformance = f"{request['package']}.conformance"
    spec = find_spec(conformance)
    if spec is None or not Path(str(spec.origin)).resolve().is_relative_to(folder.resolve()):
        return {"problem": _advice(request["package"])}
    return {"described": _described(request), **_surroundings()}


def _unmet(found: Distribution) -> Iterator[str]:
    """What it requires, its twin's extra too, and is not here in a version that fits, however far down."""
    extras = {TWIN} & {canonicalize_name(one) for one in found.metadata.get_all("Provides-Extra", [])}
    waiting = [*_required(found, {"", *extras}), Requirement(TESTING)]
    seen: set[str] = set()
    while waiting:
        one = waiting.pop()
        if str(one) in seen:
            continue
        seen.add(str(one))
        try:
            there = distribution(one.name)
        except PackageNotFoundError:
            yield _plain(one)
            continue
        if not one.specifier.contains(there.version, prereleases=True):
            yield _plain(one)
        waiting += _required(there, one.extras) if one.extras else []


def _required(found: Distribution, extras: set[str]) -> list[Requirement]:
    wanted = [Requirement(line) for line in found.requires or ()]
    return [
        one
        for one in wanted
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def _plain(one: Requirement) -> str:
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    return f"{one.name}{extras}{one.specifier}"


def _advice(package: str) -> str:
    return (
        f"the wheel has no `{package}.conformance`; write {package}/conformance.py with a test class of "
        'rosterbus.testing for each plugin, such as `class TestAcme(DestinationContract): connector = "acme"`'
    )


def _described(request: Mapping[str, Any]) -> dict[str, Any]:
    from rosterbus.describing import describe_plugin
    from rosterbus.plugins import installed

    of = {one.plugin: one for one in installed()}
    return {name: describe_plugin(of[name]) for name in request["plugins"]}


def _surroundings() -> dict[str, Any]:
    from rosterbus.hookspecs import API_VERSION

    installed = {canonicalize_name(one.name): one.version for one in distributions() if one.name}
    return {
        "suite": version("rosterbus"),
        "api": API_VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "installed": dict(sorted(installed.items())),
    }


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return survey(request)
    except Exception as error:
        from rosterbus.errors import RosterbusError

        if isinstance(error, RosterbusError):
            return {"problem": str(error)}
        raise


if __name__ == "__main__":
    answer = _answer(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8", newline="\n")
