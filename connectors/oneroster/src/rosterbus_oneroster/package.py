"""A package as it lies on disk: which file is which, what its manifest says, and what is odd about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rosterbus.errors import ConnectorError
from rosterbus.extracts import SourceState
from rosterbus.findings import Finding

from rosterbus_oneroster.archive import Member, Unpacked, unpack
from rosterbus_oneroster.manifest import Manifest, read_manifest
from rosterbus_oneroster.standard import FILES, MANDATORY, MANIFEST, SOURCE, standard_name

GIGABYTE = 1 << 30


@dataclass(frozen=True)
class Package:
    """The roster files by the standard's name, and what was odd. `manifest` is None where there is none.

    `changed` are the files that hold changes only. In a package that has such files every file does, unless the
    manifest calls it bulk: rows taken for all there is would remove everybody else.
    """

    files: Mapping[str, Member]
    manifest: Manifest | None
    findings: tuple[Finding, ...]

    @property
    def changed(self) -> frozenset[str]:
        """The names of the files that hold changes only."""
        modes = self.manifest.modes if self.manifest else {}
        if not _deltas(modes):
            return frozenset()
        return frozenset(name for name in self.files if modes.get(name) != "bulk")

    @property
    def made(self) -> datetime | None:
        """The time of the newest file, if the package tells."""
        return max((member.made for member in self.files.values() if member.made), default=None)

    @property
    def sha256(self) -> str:
        """One digest over the names and bytes of all roster files."""
        whole = hashlib.sha256()
        for name, member in sorted(self.files.items()):
            with member.path.open("rb") as file:
                whole.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()


def open_package(path: Path, settings: Any, state: SourceState) -> Package:
    """Unpack a zip, or take a folder of loose files. Raises ConnectorError where neither is of use."""
    if path.is_dir():
        unpacked = _loose(path, state.clock)
    else:
        wanted = {f"{name}.csv".lower() for name in (*FILES, MANIFEST)}
        most = int(settings.most_unpacked) * GIGABYTE
        unpacked = unpack(path, state.folder / "package", wanted=wanted, most_bytes=most, clock=state.clock)
    files: dict[str, Member] = {}
    findings = list(_sort_members(unpacked, files))
    listed = files.pop(MANIFEST, None)
    if listed is None:
        return Package(files, None, (*findings, *_judge_files(files, {}, settings)))
    manifest = read_manifest(listed.path, encoding=settings.encoding, delimiter=settings.delimiter)
    if files or _promised(manifest):
        findings += _judge_files(files, manifest.modes, settings)
    return Package(files, manifest, (*findings, *manifest.findings))


def _loose(folder: Path, clock: datetime) -> Unpacked:
    members = []
    for path in sorted(folder.iterdir()):
        if path.is_file():
            members.append(
                Member(path.name, path, datetime.fromtimestamp(path.stat().st_mtime, clock.tzinfo))
            )
    return Unpacked(tuple(members), ())


def _sort_members(unpacked: Unpacked, files: dict[str, Member]) -> Iterator[Finding]:
    """Put each member under the standard's name; what the standard does not know is named in a finding."""
    if unpacked.folder:
        yield _warn(
            "enclosing folder",
            f"the files lie in a folder {unpacked.folder!r} within the zip, not at its root",
        )
    unknown = []
    for member in (*unpacked.members, *(Member(name, Path(name), None) for name in unpacked.left)):
        stem, ending = member.name.rpartition(".")[::2]
        name = standard_name(stem) if ending.lower() == "csv" else None
        if name is None:
            unknown.append(member.name)
        elif name in FILES or name == MANIFEST:
            if name in files:
                msg = (
                    f"the folder holds {name}.csv twice, in different cases; remove the one that is not meant"
                )
                raise ConnectorError(msg)
            files[name] = replace(member, name=f"{name}.csv")
            if member.name != f"{name}.csv":
                yield _warn(
                    "file name", f"{member.name!r} is written otherwise than {name}.csv; it was read as that"
                )
    if unknown:
        names = ", ".join(repr(name) for name in unknown[:5])
        yield _warn(
            "unknown files", f"files that OneRoster does not know were not read: {names}", count=len(unknown)
        )


def _deltas(modes: Mapping[str, str]) -> list[str]:
    return [name for name, mode in modes.items() if mode == "delta" and name in FILES]


def _promised(manifest: Manifest) -> list[str]:
    return [name for name, mode in manifest.modes.items() if mode in ("bulk", "delta") and name in FILES]


def _refuse_gaps(files: Mapping[str, Member], modes: Mapping[str, str]) -> None:
    """Changes that are missing would be missing for ever: what came of the package is not read either."""
    missing = [
        f"{name}.csv"
        for name, mode in modes.items()
        if mode != "absent" and name in FILES and name not in files
    ]
    if missing:
        msg = (
            f"the manifest promises {', '.join(missing)}, and the package of changes (delta) has no such file"
        )
        raise ConnectorError(f"{msg}; ask for the package again, or for a bulk export")


def _judge_files(files: Mapping[str, Member], modes: Mapping[str, str], settings: Any) -> Iterator[Finding]:
    if _deltas(modes):
        _refuse_gaps(files, modes)
    required = [name for name in settings.required_files if name not in files and not _deltas(modes)]
    if required:
        names = ", ".join(f"{name}.csv" for name in required)
        msg = f"the package has no {names}; found {', '.join(sorted(files)) or 'no roster file'}"
        raise ConnectorError(
            f"{msg}; export it with that, or take what you can do without out of `required_files`"
        )
    for name in FILES:
        if name in files and modes.get(name) == "absent":
            yield _warn(
                "manifest contradicted", f"the manifest says that {name}.csv is absent, yet it is there"
            )
        elif name not in files and modes.get(name) == "bulk":
            yield Finding(
                "hold",
                "file missing",
                f"the manifest promises {name}.csv, and it is not there",
                source=SOURCE,
                cause="the export was cut short, or the file was lost on the way",
                if_nothing="whoever stands only in that file is missing",
                if_wrong="ask for the export again",
            )
        elif name not in files and name in MANDATORY and not _deltas(modes):
            yield _warn("mandatory file", f"the standard asks for {name}.csv, and it is not there")


def _warn(rule: str, sentence: str, **numbers: int) -> Finding:
    return Finding("warn", rule, sentence, source=SOURCE, numbers=numbers)
