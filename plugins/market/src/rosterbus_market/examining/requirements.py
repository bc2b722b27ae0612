"""What a wheel asks to be installed with it: names and floors, nothing that would change what the core runs on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rosterbus.hookspecs import PROJECT

from rosterbus_market.examining.names import PREFIX, look_alike
from rosterbus_market.refusals import WheelRefusedError


def check_requirements(
    wheel: str,
    requirements: Sequence[Requirement],
    *,
    known: Collection[str],
    core_requires: Sequence[str],
    pins: Mapping[str, str],
) -> str:
    """Refuse what a plugin may not ask for; answers with the lowest core that it works with.

    `known` are the plugins that the marketplace has, `core_requires` what the core asks for, and `pins` the versions
    that the environment holds fast.
    """
    of_core = {canonicalize_name(Requirement(line).name) for line in core_requires} | {PROJECT}
    for one in requirements:
        _check(wheel, one, known, of_core)
        held = pins.get(canonicalize_name(one.name))
        if held and not one.specifier.contains(held, prereleases=True):
            what = f"it would change {one.name} {held}, which is held fast here"
            raise WheelRefusedError(wheel, what, found=f"`{one}`")
    floors = [one for one in requirements if canonicalize_name(one.name) == PROJECT and one.marker is None]
    versions = [spec.version for one in floors for spec in one.specifier]
    if not versions:
        found = "; ".join(map(str, floors)) or "none"
        wrong = "it does not say which is the lowest core that it works with"
        raise WheelRefusedError(wheel, wrong, found=found, allowed=f"`{PROJECT}>=0.1.0`")
    return max(versions, key=Version)


def check_written(wheel: str, lines: Sequence[str]) -> None:
    """Refuse a requirement that is written as an option or a place, before anything else reads it."""
    for line in lines:
        if line.lstrip().startswith("-"):
            raise WheelRefusedError(wheel, "a requirement is an option of an installer", found=f"`{line}`")
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            first = str(error).splitlines()[0]
            raise WheelRefusedError(
                wheel, f"a requirement cannot be read: {first}", found=f"`{line}`"
            ) from error
        if requirement.url:
            what = "a requirement names a place to load from, which no marketplace has seen"
            raise WheelRefusedError(wheel, what, found=f"`{line}`", allowed="a name and a lowest version")


def _check(wheel: str, one: Requirement, known: Collection[str], of_core: Collection[str]) -> None:
    name = canonicalize_name(one.name)
    if name.startswith(PREFIX) and name not in known:
        what = (
            "it asks for a plugin that this marketplace does not have, and that anybody could offer elsewhere"
        )
        raise WheelRefusedError(wheel, what, found=f"`{one}`", allowed=", ".join(sorted(known)) or "none")
    if other := look_alike(name, of_core):
        what = f"it asks for a package whose name looks like `{other}`"
        raise WheelRefusedError(wheel, what, found=f"`{one.name}`", allowed=f"`{other}`")
    ours = name in of_core or name.startswith(PREFIX)
    if ours and any(spec.operator != ">=" for spec in one.specifier):
        what = "it would hold back a package that rosterbus itself runs on"
        raise WheelRefusedError(wheel, what, found=f"`{one}`", allowed="a lowest version alone, `>=`")
