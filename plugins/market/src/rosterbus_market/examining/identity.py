"""Who a wheel says that it is: its file name, METADATA, WHEEL and metadata folder agree, and it is pure Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser

from packaging.metadata import ExceptionGroup, Metadata, parse_email
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from rosterbus.hookspecs import PROJECT

from rosterbus_market.examining.archive import Archive
from rosterbus_market.examining.names import DISTRIBUTION
from rosterbus_market.examining.requirements import check_written
from rosterbus_market.refusals import WheelRefusedError

_TAG = "py3-none-any"
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that change the direction of text or cannot be seen."""


@dataclass(frozen=True)
class Identity:
    """Name and version, and the two folders that follow from them."""

    distribution: str
    version: str
    package: str
    info: str


def identify(wheel: str, *, core: bool) -> Identity:
    """Read name and version from the file name; raises WheelRefusedError where it is no name of a plugin's wheel."""
    try:
        name, version, build, tags = parse_wheel_filename(wheel)
    except InvalidWheelFilename as error:
        raise WheelRefusedError(wheel, f"its file name is none of a wheel: {error}") from error
    written = wheel.removesuffix(".whl").split("-")
    if {str(tag) for tag in tags} != {_TAG}:
        found = "-".join(written[-3:])
        raise WheelRefusedError(
            wheel, "it is for some platforms alone", found=found, allowed=f"pure Python, `{_TAG}`"
        )
    _check_name(wheel, name, core=core)
    if version.local or build:
        what = "its version has a local part or a build number, so that two wheels could claim to be one"
        raise WheelRefusedError(wheel, what, found="-".join(written[1:-3]), allowed="a plain version")
    package = name.replace("-", "_")
    if written[0] != package or written[1] != str(version):
        expected = f"{package}-{version}-{_TAG}.whl"
        raise WheelRefusedError(wheel, "its file name is not the normal form", allowed=f"`{expected}`")
    return Identity(name, str(version), package, f"{package}-{version}.dist-info")


def _check_name(wheel: str, name: str, *, core: bool) -> None:
    if core:
        if name != PROJECT:
            raise WheelRefusedError(wheel, "it is not the core", found=f"`{name}`", allowed=f"`{PROJECT}`")
    elif name == PROJECT:
        raise WheelRefusedError(wheel, f"it claims to be {PROJECT} itself, which no plugin may")
    elif not DISTRIBUTION.fullmatch(name):
        what = "its name is none of a plugin"
        raise WheelRefusedError(
            wheel, what, found=f"`{name}`", allowed=f"`{PROJECT}-` and letters, digits, dashes"
        )


def read_metadata(archive: Archive, identity: Identity) -> Metadata:
    """METADATA, checked against the file name."""
    content = _required(archive, f"{identity.info}/METADATA")
    raw, unparsed = parse_email(content)
    if unparsed:
        wrong = "METADATA has a field that is unknown or stands there twice"
        raise WheelRefusedError(archive.wheel, wrong, found=f"`{sorted(unparsed)[0]}`")
    check_written(archive.wheel, raw.get("requires_dist", []))
    try:
        metadata = Metadata.from_raw(raw)
    except ExceptionGroup as error:
        raise WheelRefusedError(archive.wheel, f"METADATA is not valid: {error.exceptions[0]}") from error
    # To the letter: what is withdrawn is found by its version as it was written.
    said = (canonicalize_name(metadata.name), raw.get("version"))
    if said != (identity.distribution, identity.version):
        wrong = "METADATA names another distribution or version than the file name"
        allowed = f"{identity.distribution} {identity.version}"
        raise WheelRefusedError(archive.wheel, wrong, found=f"{said[0]} {said[1]}", allowed=allowed)
    check_readable(archive.wheel, "METADATA, Summary", metadata.summary or "")
    return metadata


def check_wheel_file(archive: Archive, identity: Identity) -> None:
    """WHEEL: version 1 of the format, pure, for every platform."""
    said = BytesHeaderParser().parsebytes(_required(archive, f"{identity.info}/WHEEL"))
    version = str(said.get("Wheel-Version", ""))
    if not version.startswith("1."):
        raise WheelRefusedError(
            archive.wheel, "WHEEL has another format", found=version or "none", allowed="1.x"
        )
    if [str(one).lower() for one in said.get_all("Root-Is-Purelib", [])] != ["true"]:
        raise WheelRefusedError(
            archive.wheel, "WHEEL says that it is not pure", allowed="`Root-Is-Purelib: true`"
        )
    if [str(one) for one in said.get_all("Tag", [])] != [_TAG]:
        found = ", ".join(map(str, said.get_all("Tag", []))) or "none"
        raise WheelRefusedError(
            archive.wheel, "WHEEL has other tags than the file name", found=found, allowed=_TAG
        )
    if said.get("Build"):
        raise WheelRefusedError(
            archive.wheel, "WHEEL has a build number", found=str(said["Build"]), allowed="none"
        )


def check_readable(wheel: str, where: str, text: str) -> None:
    """Refuse text that would show itself otherwise than it is: on a screen, or in another direction."""
    if unseen := _UNSEEN.search(text):
        what = f"{where}: a character that cannot be seen or that commands a screen"
        raise WheelRefusedError(wheel, what, found=f"U+{ord(unseen.group()):04X}", allowed="plain text")


def _required(archive: Archive, name: str) -> bytes:
    if name not in archive.digests:
        raise WheelRefusedError(archive.wheel, f"it has no `{name}`")
    return archive.read(name)
