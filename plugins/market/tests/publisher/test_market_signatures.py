"""A site whose files, signatures or moments are not those of its people is refused, by us and by any TUF client."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rosterbus_market.key_folder import new_keys
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.publishing import current, withdraw
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.renewing import expiries, refresh
from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata

ROLES = ("root", "targets", "snapshot", "timestamp")
Client = Callable[..., Callable[[str], bytes]]


def path_of(site: Path, role: str) -> Path:
    return site / "metadata" / f"{role}.json"


def changed(path: Path, **values: Any) -> None:
    """Change what is signed and leave the signatures."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["signed"].update(values)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_every_file_can_be_verified_by_any_client(shop: Any, verified_by: Client):
    read = verified_by(shop.site)
    wheel = "packages/rosterbus_acme-1.0-py3-none-any.whl"

    assert read("catalogue.json") == (shop.site / "catalogue.json").read_bytes()
    assert read(wheel) == (shop.site / wheel).read_bytes()
    assert read(f"{wheel}.metadata").startswith(b"Metadata-Version: 2.4\nName: rosterbus-acme\n")


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_list_that_was_changed_is_refused(role: str, shop: Any, verified_by: Client):
    changed(path_of(shop.site, role), expires="2099-01-01T00:00:00Z")

    with pytest.raises(UnsignedMetadataError):
        verified_by(shop.site)
    with pytest.raises(
        SiteRefusedError, match=f"`{role}` is not signed by enough of those who may; found nobody"
    ):
        current(shop.place)


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_list_without_its_signature_is_refused(role: str, shop: Any, verified_by: Client):
    path = path_of(shop.site, role)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["signatures"] = content["signatures"][: 1 if role == "targets" else 0]
    path.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(UnsignedMetadataError):
        verified_by(shop.site)
    with pytest.raises(SiteRefusedError, match="is not signed by enough"):
        current(shop.place)


def test_one_signature_given_twice_is_one(shop: Any, verified_by: Client):
    path = path_of(shop.site, "targets")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["signatures"] = [content["signatures"][0]] * 2
    path.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(RepositoryError):
        verified_by(shop.site)
    with pytest.raises(SiteRefusedError):
        current(shop.place)


def test_signatures_of_strangers_do_not_count(shop: Any, tmp_path: Path, verified_by: Client):
    eve = new_keys(tmp_path / "eve", ["ann", "ben"], threshold=2, passphrases=Passphrases(none=True))
    path = path_of(shop.site, "targets")
    metadata: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
    metadata.signed.targets.clear()
    metadata.signatures.clear()
    for signer in eve.signers("targets"):
        metadata.sign(signer, append=True)
    metadata.to_file(str(path))

    with pytest.raises(UnsignedMetadataError):
        verified_by(shop.site)
    with pytest.raises(SiteRefusedError, match="found nobody"):
        current(shop.place)


def test_a_root_of_strangers_is_not_followed(shop: Any, tmp_path: Path, verified_by: Client):
    eve = new_keys(tmp_path / "eve", ["ann", "ben"], threshold=2, passphrases=Passphrases(none=True))
    forged = eve.root
    forged.signed.version = 2
    forged.signatures.clear()
    for signer in eve.signers("root"):
        forged.sign(signer, append=True)
    forged.to_file(str(shop.site / "metadata" / "2.root.json"))

    with pytest.raises(UnsignedMetadataError):
        verified_by(shop.site)


@pytest.mark.parametrize(
    "name", ["catalogue.json", "closure.txt", "packages/rosterbus_acme-1.0-py3-none-any.whl"]
)
def test_a_file_that_was_changed_or_swapped_is_refused(name: str, shop: Any, verified_by: Client):
    path = shop.site / name
    content = path.read_bytes()
    path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])

    with pytest.raises(LengthOrHashMismatchError):
        verified_by(shop.site)(name)
    with pytest.raises(SiteRefusedError, match=f"`{name}` is not the file that was signed"):
        current(shop.place)


def test_a_file_that_is_gone_and_one_that_nobody_signed_are_refused(shop: Any):
    extra = shop.site / "packages" / "more.whl"
    extra.touch()
    with pytest.raises(SiteRefusedError, match=r"`packages/more\.whl` is there and nobody signed it"):
        current(shop.place)
    extra.unlink()
    (shop.site / "closure.txt").unlink()
    with pytest.raises(SiteRefusedError, match=r"`closure\.txt` is signed and is not there"):
        current(shop.place)


def test_an_older_state_laid_back_is_refused(shop: Any, tmp_path: Path, verified_by: Client):
    shutil.copytree(shop.site, tmp_path / "old")
    withdraw("acme", "1.0", shop.place, reason="it sends too much")
    verified_by(shop.site)
    shutil.rmtree(shop.site)
    shutil.copytree(tmp_path / "old", shop.site)

    with pytest.raises(BadVersionNumberError):
        verified_by(shop.site)
    with pytest.raises(SiteRefusedError, match="older than what was signed last"):
        current(shop.place)
    with pytest.raises(SiteRefusedError, match="older than what was signed last"):
        refresh(shop.place)


def test_two_states_mixed_are_refused(shop: Any, tmp_path: Path, verified_by: Client):
    old = path_of(shop.site, "snapshot").read_bytes()
    withdraw("acme", "1.0", shop.place, reason="it sends too much")
    path_of(shop.site, "snapshot").write_bytes(old)

    with pytest.raises(BadVersionNumberError):
        verified_by(shop.site)
    with pytest.raises(SiteRefusedError):
        current(shop.place)


def test_an_expired_list_is_refused_by_clients_and_can_be_signed_again(shop: Any, verified_by: Client):
    path = path_of(shop.site, "timestamp")
    metadata: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
    metadata.signed.expires = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    for signer in shop.keys.signers("timestamp"):
        metadata.sign(signer)
    metadata.to_file(str(path))

    with pytest.raises(ExpiredMetadataError):
        verified_by(shop.site)
    refresh(shop.place)
    verified_by(shop.site, "another")


def test_each_role_is_signed_for_its_own_time(shop: Any):
    now = datetime.now(UTC)
    days = {role: round((until - now) / timedelta(days=1)) for role, until in expiries(shop.site).items()}

    assert days == {"root": 365, "targets": 90, "snapshot": 30, "timestamp": 7}


def test_refreshing_needs_the_machines_keys_alone(shop: Any, verified_by: Client):
    before = {role: path_of(shop.site, role).read_bytes() for role in ROLES}
    for path in (*shop.keys.folder.glob("ann.*.pem"), *shop.keys.folder.glob("ben.*.pem")):
        path.unlink()

    refresh(shop.place)

    after = {role: path_of(shop.site, role).read_bytes() for role in ROLES}
    assert [role for role in ROLES if before[role] != after[role]] == ["snapshot", "timestamp"]
    verified_by(shop.site)
    with pytest.raises(SiteRefusedError, match="too few people signed; found nobody"):
        refresh(shop.place, targets=True)
    verified_by(shop.site)


def test_without_the_machines_keys_nothing_is_changed(shop: Any, verified_by: Client):
    (shop.keys.folder / "machine.timestamp.pem").unlink()

    with pytest.raises(SiteRefusedError, match="key for timestamp is not in"):
        refresh(shop.place)
    verified_by(shop.site)
    assert current(shop.place).entry("acme")


def test_a_signed_list_of_another_role_is_refused(shop: Any):
    shutil.copy(path_of(shop.site, "snapshot"), path_of(shop.site, "targets"))

    with pytest.raises(SiteRefusedError, match="a list of another role; found snapshot"):
        current(shop.place)
