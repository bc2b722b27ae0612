"""Where the files of a wheel may lie, and what they may be: its own package, and its own metadata."""

from __future__ import annotations

import re

from rosterbus_market.examining.archive import Archive
from rosterbus_market.refusals import WheelRefusedError

STARTUP = ("sitecustomize", "usercustomize")
_BINARY = re.compile(r"\.(?:so(?:\.\d+)*|pyd|dll|dylib|exe|a|lib|node)$", re.IGNORECASE)
_MAGIC = {
    b"\x7fELF": "a program for Linux",
    b"MZ": "a program for Windows",
    b"\xfe\xed\xfa\xce": "a program for macOS",
    b"\xfe\xed\xfa\xcf": "a program for macOS",
    b"\xce\xfa\xed\xfe": "a program for macOS",
    b"\xcf\xfa\xed\xfe": "a program for macOS",
    b"\xca\xfe\xba\xbe": "a program for macOS",
}
_ARCHIVES = {
    b"PK\x03\x04": "a zip file",
    b"PK\x05\x06": "a zip file",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstandard file",
    b"7z\xbc\xaf\x27\x1c": "a 7z file",
    b"Rar!": "a rar file",
}
_OF_INSTALLERS = (
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
    "RECORD.jws",
    "RECORD.p7s",
    "provenance_url.json",
)
_METADATA = re.compile(
    r"METADATA|WHEEL|RECORD|entry_points\.txt|top_level\.txt|(?:licenses|license_files|sboms)/.+"
    r"|(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*"
)
_TOP_LEVEL = "top_level.txt"


def check_members(archive: Archive, *, package: str, info: str) -> None:
    """Refuse every file outside `package` and `info`, and every file that could run without being imported from it."""
    for name in archive.names:
        _check_place(archive.wheel, name, package, info)
        _check_kind(archive.wheel, name)
        _check_content(archive, name)
    if f"{package}/__init__.py" not in archive.digests:
        raise WheelRefusedError(
            archive.wheel, f"it has no package `{package}`", allowed=f"`{package}/__init__.py`"
        )
    listed = f"{info}/{_TOP_LEVEL}"
    if listed in archive.digests and archive.read(listed).split() != [package.encode()]:
        raise WheelRefusedError(
            archive.wheel, f"`{listed}` names other packages than its own", allowed=f"`{package}`"
        )


def _check_place(wheel: str, name: str, package: str, info: str) -> None:
    top, _, rest = name.partition("/")
    stem = name.rpartition("/")[2].lower()
    allowed = f"`{package}/` and `{info}/`"
    if stem.endswith(".pth"):
        what = "it has a .pth file, which runs whenever Python starts"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed="none")
    if any(part.partition(".")[0].lower() in STARTUP for part in name.split("/")):
        what = "it has a module that Python imports at every start"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed="none")
    if top.endswith(".data"):
        what = "it puts files into other folders of the environment (scripts, headers or data)"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed=allowed)
    if top.endswith(".dist-info") and top != info:
        what = "it has the metadata of another distribution or version"
        raise WheelRefusedError(wheel, what, found=f"`{top}`", allowed=f"`{info}`")
    if top not in (package, info) or not rest:
        what = "it has a module outside its own package, which could hide one of another distribution"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed=allowed)
    if top == info and rest in _OF_INSTALLERS:
        what = "it has a file that only an installer or a signer may write"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed="none")
    if top == info and not _METADATA.fullmatch(rest):
        what = "its metadata folder has a file that does not belong there"
        raise WheelRefusedError(
            wheel, what, found=f"`{name}`", allowed="METADATA, WHEEL, RECORD, entry points, licenses"
        )


def _check_kind(wheel: str, name: str) -> None:
    if _BINARY.search(name):
        what = "it has compiled code, which nobody can read"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed="pure Python (py3-none-any)")
    if name.endswith((".pyc", ".pyo")) or "__pycache__" in name.split("/"):
        what = "it has Python in compiled form, which may differ from what its source says"
        raise WheelRefusedError(wheel, what, found=f"`{name}`", allowed="the source alone")


def _check_content(archive: Archive, name: str) -> None:
    start = archive.read(name)[:8]
    for magic, what in _MAGIC.items():
        if start.startswith(magic) and not name.endswith((".py", ".toml", ".md", ".txt", ".csv")):
            wrong = "it has compiled code under another name"
            raise WheelRefusedError(archive.wheel, wrong, found=f"{what} in `{name}`", allowed="pure Python")
    for magic, what in _ARCHIVES.items():
        if start.startswith(magic):
            wrong = "it has an archive inside, which nobody examines"
            raise WheelRefusedError(
                archive.wheel, wrong, found=f"{what} in `{name}`", allowed="its files themselves"
            )
