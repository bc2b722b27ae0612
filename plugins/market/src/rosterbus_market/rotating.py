"""A new root: other people, other keys or a longer time, signed by enough of the old people and of the new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rosterbus.errors import ConfigError
from rosterbus.private import private_folder, write_private_bytes
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from rosterbus_market.key_folder import (
    MACHINE,
    NEWEST,
    OF_MACHINE,
    OF_PEOPLE,
    PUBLIC,
    KeyFolder,
    assign,
    check_people,
    days_of,
    expiry,
    keys_of,
    person_of,
    private_path,
    read_root,
    set_days,
)
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.refusals import SiteRefusedError

STAGED = "staged"


@dataclass(frozen=True)
class Change:
    """What the new root is to have. `renew` are those whose keys are made anew, "machine" among them if so."""

    people: Sequence[str] = ()
    threshold: int | None = None
    renew: Collection[str] = ()
    days: Mapping[str, int] | None = None


@dataclass(frozen=True)
class RootSigned:
    """Where a root lies, whether enough people signed it, who did, and who of the old and new ones has not."""

    path: Path
    holds: bool
    by: tuple[str, ...]
    missing: tuple[str, ...]
    version: int


def rotate(keys: KeyFolder, change: Change) -> RootSigned:
    """Make the next root and sign it with the keys at hand; it is staged until enough old and new people signed."""
    old = keys.root
    people = list(change.people) or people_of(old.signed)
    threshold = change.threshold or min(old.signed.roles["root"].threshold, len(people))
    check_people(people, threshold)
    if strangers := sorted(set(change.renew) - {*people, MACHINE}):
        msg = "nobody of this name will sign"
        raise ConfigError(msg, key="--renew", found=strangers[0], allowed=[*people, MACHINE])
    signers = keys.signers("root", old.signed)
    new: Metadata[Root] = Metadata.from_bytes(old.to_bytes())
    new.signatures.clear()
    new.signed.version += 1
    set_days(new.signed, change.days or {})
    new.signed.expires = expiry(days_of(new.signed)["root"])
    for who in change.renew:
        _set_aside(keys.folder, who, old.signed.version)
    _revoke(new.signed, {*people} - {*change.renew}, renew_machine=MACHINE in change.renew)
    assign(new.signed, keys.folder, people, passphrases=keys.passphrases)
    for role in OF_PEOPLE:
        new.signed.roles[role].threshold = threshold
    staged = private_folder(keys.folder / STAGED) / f"{new.signed.version}.root.json"
    return _signed(staged, new, [*signers, *keys.signers("root", new.signed)], keys.folder)


def sign_root(path: Path, folder: Path, passphrases: Passphrases) -> RootSigned:
    """Add the signatures of a folder's keys to a root, and take the root over there once enough people signed it."""
    root = read_root(path)
    keys = KeyFolder(folder, passphrases)
    _check_next(path, root.signed, folder)
    signers = keys.signers("root", root.signed)
    if (folder / NEWEST).is_file():
        # Who stays has signed by now. With a new key it was with the old one too, when it was made and set aside.
        old = keys.root.signed
        staying = {key.keyid for key in keys_of(old, "root") if person_of(key) in people_of(root.signed)}
        signers += keys.signers("root", old, without=staying)
    return _signed(path, root, signers, folder)


def people_of(root: Root) -> list[str]:
    """Who signs, by name."""
    return [person_of(key) for key in keys_of(root, "root")]


def _signed(path: Path, root: Metadata[Root], signers: Sequence[CryptoSigner], folder: Path) -> RootSigned:
    for signer in signers:
        root.signatures.pop(signer.public_key.keyid, None)
        root.sign(signer, append=True)
    previous = read_root(folder / NEWEST).signed if (folder / NEWEST).is_file() else None
    if previous and previous.version == root.signed.version:
        previous = None
    result = root.signed.get_root_verification_result(previous, root.signed_bytes, root.signatures)
    write_private_bytes(path, root.to_bytes())
    if result:
        # The first root may be signed where it was made, by another folder's keys.
        for place in {folder, path.parent if path.name == NEWEST else folder}:
            KeyFolder(place, Passphrases()).keep_root(root)
    by, missing = (
        tuple(sorted({person_of(key) for key in one.values()})) for one in (result.signed, result.unsigned)
    )
    return RootSigned(path, bool(result), by, missing, root.signed.version)


def _check_next(path: Path, root: Root, folder: Path) -> None:
    """Refuse a root that does not follow on the folder's own: nobody signs what somebody made up."""
    own = read_root(folder / NEWEST) if (folder / NEWEST).is_file() else None
    if own is None and root.version == 1:
        return
    if own is None or root.version not in (own.signed.version, own.signed.version + 1):
        mine = str(own.signed.version) if own else "none"
        msg = f"{path} is version {root.version} of the root, which does not follow on the one in {folder}"
        raise SiteRefusedError(f"{msg}; found {mine}")
    if root.version == own.signed.version and own.signed != root:
        raise SiteRefusedError(f"{path} is another root than the one of the same version in {folder}")


def _revoke(root: Root, staying: Collection[str], *, renew_machine: bool) -> None:
    for role in OF_PEOPLE:
        for key in keys_of(root, role):
            if person_of(key) not in staying:
                root.revoke_key(key.keyid, role)
    for role in OF_MACHINE if renew_machine else ():
        for key in keys_of(root, role):
            root.revoke_key(key.keyid, role)


def _set_aside(folder: Path, who: str, version: int) -> None:
    """Give old keys another name, so that new ones are made; nobody needs them once the new root holds."""
    for role in OF_MACHINE if who == MACHINE else OF_PEOPLE:
        path = private_path(folder, who, role)
        if path.is_file():
            path.rename(path.with_name(f"{path.name}.old-{version}"))
    public = folder / f"{who}{PUBLIC}"
    if public.is_file():
        public.unlink()
