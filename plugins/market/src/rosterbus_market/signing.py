"""Signing the files of a marketplace, and seeing that they are those which its people signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from rosterbus_market.catalogue import CATALOGUE, CLOSURE, PACKAGES, Catalogue, parse_catalogue
from rosterbus_market.key_folder import NEWEST, KeyFolder, keys_of, person_of
from rosterbus_market.refusals import SiteRefusedError

METADATA = "metadata"
_LISTS = ("targets", "snapshot", "timestamp")


@dataclass(frozen=True)
class Signed:
    """What became of a signature: who gave it, how many are needed, and who could still give theirs."""

    by: tuple[str, ...]
    threshold: int
    missing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether enough people signed."""
        return len(self.by) >= self.threshold


def fingerprint(root: bytes) -> str:
    """What people compare before they trust a marketplace: the SHA-256 of the file of its root."""
    return hashlib.sha256(root).hexdigest()


def signable(site: Path) -> dict[str, Path]:
    """The files of a site that are signed, by their paths in it; the index and the pages are made of them."""
    found = [site / CATALOGUE, site / CLOSURE, *sorted((site / PACKAGES).glob("*"))]
    return {path.relative_to(site).as_posix(): path for path in found if path.is_file()}


def sign_targets(site: Path, keys: KeyFolder, *, version: int, staged: bool = False) -> Signed:
    """Write the list of all signed files, signed by everybody whose key is at hand, and all roots beside it.

    Unless it is `staged`, raises SiteRefusedError where these are too few, and changes nothing.
    """
    folder = site / METADATA
    folder.mkdir(exist_ok=True)
    targets = Targets(version=version, expires=keys.expiry("targets"))
    for path, file in signable(site).items():
        targets.targets[path] = TargetFile.from_file(path, str(file), ["sha256"])
    metadata = Metadata(targets)
    _add_signatures(metadata, keys, "targets")
    signed = signatures(metadata, keys.root.signed, "targets")
    if not staged:
        require(signed)
    _write(metadata, folder, "targets")
    write_roots(folder, keys)
    return signed


def take_targets(stage: Path, site: Path, keys: KeyFolder) -> None:
    """Take the signed list of a stage over, with the roots; raises SiteRefusedError where `site` has other files."""
    folder = site / METADATA
    folder.mkdir()
    _write(_read(stage, "targets"), folder, "targets")
    write_roots(folder, keys)
    verified(site, keys.root.signed, staged=True)


def add_signatures(site: Path, keys: KeyFolder) -> Signed:
    """Sign the list of a staged site too, with the people's keys at hand."""
    metadata: Metadata[Targets] = _read(site, "targets")
    _add_signatures(metadata, keys, "targets")
    _write(metadata, site / METADATA, "targets")
    return signatures(metadata, keys.root.signed, "targets")


def sign_moment(site: Path, keys: KeyFolder, *, versions: Mapping[str, int]) -> None:
    """Sign with the machine's keys that a site's list is the newest from now on; `versions` are those before."""
    folder, targets = site / METADATA, versions_of(site)["targets"]
    snapshot = Snapshot(version=versions["snapshot"] + 1, expires=keys.expiry("snapshot"))
    snapshot.meta["targets.json"] = MetaFile(targets)
    timestamp = Timestamp(version=versions["timestamp"] + 1, expires=keys.expiry("timestamp"))
    timestamp.snapshot_meta = MetaFile(snapshot.version)
    lists: dict[str, Metadata[Any]] = {"snapshot": Metadata(snapshot), "timestamp": Metadata(timestamp)}
    for role, metadata in lists.items():
        _add_signatures(metadata, keys, role)
        if not signatures(metadata, keys.root.signed, role).holds:
            msg = f"the machine's key for {role} is not in {keys.folder}; sign on the machine that publishes"
            raise SiteRefusedError(msg)
    for role, metadata in lists.items():
        _write(metadata, folder, role)
    root = keys.root.signed.version
    said = {"root": root, "targets": targets, "snapshot": snapshot.version, "timestamp": timestamp.version}
    keys.remember(replace(keys.issue, versions=said))


def write_roots(folder: Path, keys: KeyFolder) -> None:
    """Lay every root beside the other metadata, so that whoever trusts an old one finds the way to the newest."""
    for path in (*keys.roots, keys.folder / NEWEST):
        laid = folder / path.name
        laid.write_bytes(path.read_bytes())
        laid.chmod(0o644)


def signatures(metadata: Metadata[Any], root: Root, role: str) -> Signed:
    """Who of those who may sign a role signed this."""
    result = root.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return Signed(_people(result.signed.values()), result.threshold, _people(result.unsigned.values()))


def require(signed: Signed, *, advice: str = "") -> None:
    """Refuse what too few people signed."""
    if not signed.holds:
        by, others = ", ".join(signed.by) or "nobody", ", ".join(signed.missing)
        advice = advice or "`--stage FOLDER` keeps it for `rosterbus market keys sign` on their machines"
        msg = (
            f"too few people signed; found {by}; allowed: {signed.threshold} of them, with {others}; {advice}"
        )
        raise SiteRefusedError(msg)


def signatures_of(site: Path, root: Root) -> Signed:
    """Who signed the list of a site or of a stage."""
    return signatures(_read(site, "targets"), root, "targets")


def verified(
    site: Path, root: Root, *, staged: bool = False, at_least: Mapping[str, int] | None = None
) -> Catalogue:
    """Check every signature and every signed file of a site, and answer with its catalogue.

    Expiry does not count: a marketplace whose signatures have expired can be signed again. A `staged` site lacks the
    machine's signatures and may lack people's. Raises SiteRefusedError for the first file that is not as it was signed.
    """
    targets: Metadata[Targets] = _read(site, "targets")
    if not staged:
        _check_roles(site, root, targets, at_least or {})
    _check_files(site, targets.signed)
    return parse_catalogue((site / CATALOGUE).read_bytes())


def versions_of(site: Path, keys: KeyFolder | None = None) -> dict[str, int]:
    """The version of each list of a site, or what `keys` signed last where that is newer; 0 where there is none."""
    issued = keys.issue.versions if keys else {}
    there = {
        role: _read(site, role).signed.version
        for role in _LISTS
        if (site / METADATA / f"{role}.json").is_file()
    }
    return {role: max(there.get(role, 0), issued.get(role, 0)) for role in _LISTS}


def _check_roles(site: Path, root: Root, targets: Metadata[Targets], at_least: Mapping[str, int]) -> None:
    snapshot: Metadata[Snapshot] = _read(site, "snapshot")
    timestamp: Metadata[Timestamp] = _read(site, "timestamp")
    for role, metadata in (("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets)):
        seen = signatures(metadata, root, role)
        if not seen.holds:
            by = ", ".join(seen.by) or "nobody"
            people = ", ".join(map(person_of, keys_of(root, role)))
            msg = f"{site}: `{role}` is not signed by enough of those who may; found {by}"
            raise SiteRefusedError(f"{msg}; allowed: {seen.threshold} of {people}")
        least = at_least.get(role, 0)
        if metadata.signed.version < least:
            msg = f"{site}: `{role}` is older than what was signed last; found {metadata.signed.version}"
            raise SiteRefusedError(f"{msg}; allowed: {least} or newer; somebody laid an old copy there")
    named = (timestamp.signed.snapshot_meta.version, snapshot.signed.meta["targets.json"].version)
    if named != (snapshot.signed.version, targets.signed.version):
        raise SiteRefusedError(
            f"{site}: its signed lists are of different moments; somebody mixed two copies"
        )


def _check_files(site: Path, targets: Targets) -> None:
    there = signable(site)
    for path, target in targets.targets.items():
        if path not in there:
            raise SiteRefusedError(f"{site}: `{path}` is signed and is not there")
        try:
            target.verify_length_and_hashes(there[path].read_bytes())
        except LengthOrHashMismatchError as error:
            raise SiteRefusedError(f"{site}: `{path}` is not the file that was signed") from error
    if strange := sorted(set(there) - set(targets.targets)):
        raise SiteRefusedError(f"{site}: `{strange[0]}` is there and nobody signed it")
    if CATALOGUE not in targets.targets:
        raise SiteRefusedError(f"{site}: the signed list has no `{CATALOGUE}`")


def _read(site: Path, role: str) -> Metadata[Any]:
    path = site / METADATA / f"{role}.json"
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
    except OSError as error:
        raise SiteRefusedError(f"{path} cannot be read: {error.strerror}; is it a marketplace?") from error
    except (RepositoryError, ValueError) as error:
        raise SiteRefusedError(f"{path} is no signed list of a marketplace") from error
    if metadata.signed.type != role:
        raise SiteRefusedError(
            f"{path} is a list of another role; found {metadata.signed.type}; allowed: {role}"
        )
    return metadata


def _add_signatures(metadata: Metadata[Any], keys: KeyFolder, role: str) -> None:
    for signer in keys.signers(role):
        metadata.signatures.pop(signer.public_key.keyid, None)
        metadata.sign(signer, append=True)


def _write(metadata: Metadata[Any], folder: Path, role: str) -> None:
    """Write a list whole, readable by everybody, or leave the old one."""
    unfinished = folder / f".{role}.json"
    metadata.to_file(str(unfinished))
    unfinished.chmod(0o644)
    unfinished.replace(folder / f"{role}.json")


def _people(keys: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(map(person_of, keys)))
