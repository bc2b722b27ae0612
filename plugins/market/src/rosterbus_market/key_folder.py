"""The keys of a marketplace: a folder with its signed root, and the private keys of those who sign from here.

TUF, the form of signature that is used, has four roles. `root` names all keys and is signed by people; `targets` is
signed by people too and says which files the marketplace has; `snapshot` and `timestamp` are signed by the machine
that publishes, and say that nothing older than this may be taken for new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import filelock
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from rosterbus.errors import ConfigError, RetriableError
from rosterbus.private import private_folder, write_private_bytes, write_private_text
from rosterbus.secrets import SecretReference
from securesystemslib.exceptions import KeyMismatchError
from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from rosterbus_market.passphrases import Passphrases

MACHINE = "machine"
OF_PEOPLE = ("root", "targets")
OF_MACHINE = ("snapshot", "timestamp")
DAYS: Mapping[str, int] = {"root": 365, "targets": 90, "snapshot": 30, "timestamp": 7}
"""For how many days each role's signature holds, unless the root says otherwise."""
NEWEST = "root.json"
ROOTS = "roots"
PUBLIC = ".public.json"
_STATE = "marketplace.json"
_PERSON = "x-rosterbus-person"
_DAYS = "x-rosterbus-days"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Issue:
    """What this folder's keys signed last: versions by role, the marketplace's title, and where clients find it."""

    versions: Mapping[str, int] = field(default_factory=dict)
    title: str = ""
    location: str = ""


@dataclass(frozen=True)
class KeyFolder:
    """A folder of keys that is there; `passphrases` open the private ones when something is signed."""

    folder: Path
    passphrases: Passphrases

    @property
    def root(self) -> Metadata[Root]:
        """The newest root; raises ConfigError where the folder has none."""
        return read_root(self.folder / NEWEST)

    @property
    def roots(self) -> list[Path]:
        """Every root there was, the first first: a client goes from the one that it trusts to the newest."""
        return sorted(
            (self.folder / ROOTS).glob("*.root.json"), key=lambda path: int(path.name.partition(".")[0])
        )

    @property
    def issue(self) -> Issue:
        """What was signed last."""
        path = self.folder / _STATE
        return Issue(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else Issue()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else signs with these keys within the block, so that no release is lost between two."""
        try:
            with filelock.FileLock(self.folder / "signing.lock", timeout=30):
                yield
        except filelock.Timeout as error:
            msg = f"somebody else signs with {self.folder}; try again when that has ended"
            raise RetriableError(msg) from error

    def remember(self, issue: Issue) -> None:
        """Keep what was signed last, so that nothing older is ever published over it."""
        values = {"versions": dict(issue.versions), "title": issue.title, "location": issue.location}
        write_private_text(self.folder / _STATE, json.dumps(values, indent=1, sort_keys=True) + "\n")

    def signers(
        self, role: str, root: Root | None = None, *, without: Collection[str] = ()
    ) -> list[CryptoSigner]:
        """Those of a role's keys whose private half is in this folder, opened; not those of the ids in `without`."""
        return [
            self._signer(key, role)
            for key in keys_of(root or self.root.signed, role)
            if self._private(key, role) and key.keyid not in without
        ]

    @property
    def root_of_issue(self) -> Root:
        """The root with which was signed last: after a change of keys, it is the one before the newest."""
        version = self.issue.versions.get("root", self.root.signed.version)
        return read_root(self.folder / ROOTS / f"{version}.root.json").signed

    def expiry(self, role: str) -> datetime:
        """Until when a signature of today holds."""
        return expiry(days_of(self.root.signed)[role])

    def keep_root(self, root: Metadata[Root]) -> None:
        """Take a signed root over as the newest."""
        private_folder(self.folder / ROOTS)
        content = root.to_bytes()
        write_private_bytes(self.folder / ROOTS / f"{root.signed.version}.root.json", content)
        write_private_bytes(self.folder / NEWEST, content)

    def _private(self, key: Key, role: str) -> Path | None:
        path = private_path(self.folder, person_of(key), role)
        return path if path.is_file() else None

    def _signer(self, key: Key, role: str) -> CryptoSigner:
        who = person_of(key)
        private = open_private_key(private_path(self.folder, who, role), who, self.passphrases)
        if not isinstance(key, SSlibKey):
            raise ConfigError("the root names a key of another kind", file=self.folder / NEWEST)
        try:
            return CryptoSigner(private, key)
        except (KeyMismatchError, ValueError) as error:
            msg = f"this is not the key that the root names as {who}'s for {role}"
            raise ConfigError(msg, file=private_path(self.folder, who, role)) from error


def open_keys(folder: Path, passphrases: Passphrases) -> KeyFolder:
    """The keys in a folder; raises ConfigError where it has no root."""
    keys = KeyFolder(folder, passphrases)
    _ = keys.root
    return keys


def new_keys(
    folder: Path,
    people: Sequence[str],
    *,
    threshold: int,
    passphrases: Passphrases,
    days: Mapping[str, int] = DAYS,
) -> KeyFolder:
    """Make all keys and the first root, signed by everybody whose key is made here.

    A person whose public keys lie in the folder already (``NAME.public.json``) keeps them; such a root must be signed
    by them before it holds.
    """
    check_people(people, threshold)
    if (folder / NEWEST).exists():
        raise ConfigError("this folder has keys already; `market keys rotate` changes them", file=folder)
    private_folder(folder)
    root = Root(version=1, expires=expiry(days["root"]), consistent_snapshot=False)
    root.unrecognized_fields[_DAYS] = dict(days)
    assign(root, folder, people, passphrases=passphrases)
    for role in OF_PEOPLE:
        root.roles[role].threshold = threshold
    keys = KeyFolder(folder, passphrases)
    metadata = Metadata(root)
    for signer in keys.signers("root", root):
        metadata.sign(signer, append=True)
    keys.keep_root(metadata)
    return keys


def assign(root: Root, folder: Path, people: Sequence[str], *, passphrases: Passphrases) -> None:
    """Give the roles of people to `people`, and the machine's to new keys where it has none."""
    for who in people:
        make_person(folder, who, passphrases)
        for role, key in public_keys(folder, who).items():
            root.add_key(key, role)
    if not keys_of(root, "timestamp"):
        make_pair(folder, MACHINE, OF_MACHINE, passphrases)
        for role, key in public_keys(folder, MACHINE).items():
            root.add_key(key, role)


def make_person(folder: Path, who: str, passphrases: Passphrases) -> None:
    """Make the two keys of a person, unless the folder has the person's public ones already."""
    check_people([who], 1)
    private_folder(folder)
    if not (folder / f"{who}{PUBLIC}").is_file():
        make_pair(folder, who, OF_PEOPLE, passphrases)


def make_pair(folder: Path, who: str, roles: Sequence[str], passphrases: Passphrases) -> None:
    """Make one key for each role, with one passphrase, and write down their public halves."""
    secret = passphrases.of(who)
    kept: KeySerializationEncryption = BestAvailableEncryption(secret.encode()) if secret else NoEncryption()
    public = {}
    for role in roles:
        private = Ed25519PrivateKey.generate()
        key = SSlibKey.from_crypto(private.public_key())
        public[role] = {"keyid": key.keyid, **key.to_dict(), _PERSON: who}
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept)
        write_private_bytes(private_path(folder, who, role), pem)
    write_private_text(folder / f"{who}{PUBLIC}", json.dumps(public, indent=1, sort_keys=True) + "\n")


def public_keys(folder: Path, who: str) -> dict[str, Key]:
    """A person's public keys by role; raises ConfigError where the file is none of that person."""
    path = folder / f"{who}{PUBLIC}"
    try:
        values: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        keys = {role: Key.from_dict(one.pop("keyid"), one) for role, one in values.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ConfigError("this is no file of public keys", file=path) from error
    if any(person_of(key) != who for key in keys.values()) or set(keys) not in (
        set(OF_PEOPLE),
        set(OF_MACHINE),
    ):
        raise ConfigError(f"these are not the public keys of {who}", file=path)
    return keys


def private_path(folder: Path, who: str, role: str) -> Path:
    """Where a private key lies."""
    return folder / f"{who}.{role}.pem"


def open_private_key(path: Path, who: str, passphrases: Passphrases) -> Ed25519PrivateKey:
    """Read a private key; raises ConfigError where others can read it, or the passphrase is another."""
    pem = SecretReference("file", str(path)).path().read_bytes()
    secret = passphrases.of(who) if b"ENCRYPTED" in pem.partition(b"\n")[0] else None
    try:
        private = load_pem_private_key(pem, secret.encode() if secret else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"the key of {who} cannot be opened; is it the right passphrase?", file=path
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(
            "the key is of another kind", file=path, found=type(private).__name__, allowed="Ed25519"
        )
    return private


def read_root(path: Path) -> Metadata[Root]:
    """Read a root; raises ConfigError where there is none."""
    try:
        metadata: Metadata[Root] = Metadata.from_bytes(path.read_bytes())
    except OSError as error:
        msg = f"there is no root: {error.strerror}; `rosterbus market keys new` makes one"
        raise ConfigError(msg, file=path) from error
    except (RepositoryError, ValueError) as error:
        raise ConfigError("this is no root of a marketplace", file=path) from error
    if metadata.signed.type != "root":
        raise ConfigError("this is no root of a marketplace", file=path, found=metadata.signed.type)
    return metadata


def keys_of(root: Root, role: str) -> list[Key]:
    """The keys that may sign a role, by person."""
    return sorted((root.keys[one] for one in root.roles[role].keyids), key=person_of)


def person_of(key: Key) -> str:
    """Whose key it is, as the root has it."""
    return str(key.unrecognized_fields.get(_PERSON, key.keyid[:8]))


def days_of(root: Root) -> Mapping[str, int]:
    """For how many days each role's signature holds."""
    return {**DAYS, **root.unrecognized_fields.get(_DAYS, {})}


def set_days(root: Root, days: Mapping[str, int]) -> None:
    """Change for how many days signatures of some roles hold."""
    root.unrecognized_fields[_DAYS] = {**days_of(root), **days}


def expiry(days: int) -> datetime:
    """The moment in so many days, to the second."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def check_people(people: Sequence[str], threshold: int) -> None:
    """Refuse names that are no file names, and thresholds that nobody or everybody alone could meet."""
    for who in people:
        if not _NAME.fullmatch(who) or who == MACHINE:
            msg = "this is no name of a person here"
            raise ConfigError(msg, found=repr(who), allowed="lower case letters, digits and dashes")
    if len(set(people)) != len(people) or not 1 <= threshold <= len(people):
        msg = "so many of them cannot sign"
        raise ConfigError(
            msg, key="threshold", found=str(threshold), allowed=f"1 to {len(set(people))} people"
        )
