"""Keys are private, belong to people, and change only when enough of the old and the new people say so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosterbus.errors import ConfigError
from rosterbus.secrets import SecretReference
from rosterbus_market.key_folder import NEWEST, KeyFolder, make_person, new_keys, open_keys
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.renewing import refresh
from rosterbus_market.rotating import Change, people_of, rotate, sign_root
from rosterbus_market.signing import signatures, versions_of

NONE = Passphrases(none=True)


def test_private_keys_are_private_and_encrypted_with_the_persons_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ANN", "ann's own words")
    monkeypatch.setenv("OTHERS", "another")
    passphrases = Passphrases.parse(["ann=env:ANN", "env:OTHERS"])
    keys = new_keys(tmp_path / "keys", ["ann", "ben"], threshold=2, passphrases=passphrases)

    private = sorted(path.name for path in keys.folder.glob("*.pem"))
    assert len(private) == 6
    for path in keys.folder.glob("*.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED")
    assert len(open_keys(keys.folder, passphrases).signers("targets")) == 2
    with pytest.raises(ConfigError, match="the key of ann cannot be opened"):
        open_keys(keys.folder, Passphrases.parse(["env:OTHERS"])).signers("targets")
    with pytest.raises(ConfigError, match="the passphrase of ann is needed"):
        open_keys(keys.folder, Passphrases()).signers("root")


def test_a_passphrase_itself_is_never_taken_or_repeated():
    with pytest.raises(ConfigError) as refused:
        Passphrases.parse(["correct horse battery"])

    assert "correct horse" not in str(refused.value)
    assert "env:NAME" in str(refused.value)


def test_a_key_that_others_can_read_is_not_used(shop: Any):
    (shop.keys.folder / "ann.targets.pem").chmod(0o644)

    with pytest.raises(ConfigError, match="can be read by others"):
        shop.keys.signers("targets")


def test_keys_are_not_made_over_others(shop: Any):
    with pytest.raises(ConfigError, match="has keys already"):
        new_keys(shop.keys.folder, ["eve"], threshold=1, passphrases=NONE)


@pytest.mark.parametrize(
    ("people", "threshold"), [(["ann"], 2), (["ann", "ann"], 2), (["../ann"], 1), (["machine"], 1), ([], 1)]
)
def test_people_who_could_not_sign_are_refused(people: list[str], threshold: int, tmp_path: Path):
    with pytest.raises(ConfigError):
        new_keys(tmp_path / "keys", people, threshold=threshold, passphrases=NONE)


def test_a_person_makes_keys_alone_and_signs_the_first_root(tmp_path: Path):
    ben, ann = tmp_path / "ben", tmp_path / "ann"
    make_person(ben, "ben", NONE)
    ann.mkdir()
    shutil.copy(ben / "ben.public.json", ann)
    keys = new_keys(ann, ["ann", "ben"], threshold=2, passphrases=NONE)

    assert not (ann / "ben.root.pem").exists()
    assert not signatures(keys.root, keys.root.signed, "root").holds
    signed = sign_root(ann / NEWEST, ben, NONE)
    assert (signed.holds, signed.by) == (True, ("ann", "ben"))
    assert signatures(keys.root, keys.root.signed, "root").holds
    assert keys.roots[0].read_bytes() == (ann / NEWEST).read_bytes()


def test_public_keys_of_another_are_not_taken_for_ones_own(tmp_path: Path):
    make_person(tmp_path / "eve", "eve", NONE)
    (tmp_path / "ann").mkdir()
    shutil.copy(tmp_path / "eve" / "eve.public.json", tmp_path / "ann" / "ben.public.json")

    with pytest.raises(ConfigError, match="not the public keys of ben"):
        new_keys(tmp_path / "ann", ["ann", "ben"], threshold=1, passphrases=NONE)


def test_a_new_root_needs_old_and_new_people(shop: Any, tmp_path: Path):
    ben = tmp_path / "ben"
    ben.mkdir()
    for path in shop.keys.folder.glob("ben.*.pem"):
        path.rename(ben / path.name)
    shutil.copy(shop.keys.folder / NEWEST, ben)

    staged = rotate(shop.keys, Change(people=["ann", "cara"]))
    assert not staged.holds
    assert shop.keys.root.signed.version == 1

    there = tmp_path / staged.path.name
    shutil.copy(staged.path, there)
    assert sign_root(there, ben, NONE).holds
    assert sign_root(there, shop.keys.folder, NONE).holds
    assert shop.keys.root.signed.version == 2
    assert people_of(shop.keys.root.signed) == ["ann", "cara"]


def test_a_person_with_new_keys_takes_in_the_root_that_the_other_signed(shop: Any, tmp_path: Path):
    ben = tmp_path / "ben"
    ben.mkdir()
    for path in shop.keys.folder.glob("ben.*.pem"):
        path.rename(ben / path.name)
    shutil.copy(shop.keys.folder / NEWEST, ben)

    staged = rotate(shop.keys, Change(renew=["ann"]))
    assert not staged.holds
    there = tmp_path / staged.path.name
    shutil.copy(staged.path, there)
    assert sign_root(there, ben, NONE).holds
    assert sign_root(there, shop.keys.folder, NONE).holds
    assert shop.keys.root.signed.version == 2


def test_the_marketplace_goes_on_with_new_keys_and_clients_follow(
    shop: Any, verified_by: Callable[[Path], Any]
):
    first = (shop.site / "metadata" / "1.root.json").read_bytes()
    assert rotate(shop.keys, Change(people=["ann", "cara"], renew=["ann", "machine"])).holds

    with pytest.raises(SiteRefusedError, match="too few people signed; found nobody"):
        refresh(shop.place)
    refresh(shop.place, targets=True)

    assert [path.name for path in shop.keys.roots] == ["1.root.json", "2.root.json"]
    assert (shop.site / "metadata" / "1.root.json").read_bytes() == first
    assert verified_by(shop.site)("catalogue.json") == (shop.site / "catalogue.json").read_bytes()


def test_a_new_root_that_strangers_signed_is_not_taken(shop: Any, tmp_path: Path):
    eve = new_keys(tmp_path / "eve", ["eve", "mallory"], threshold=1, passphrases=NONE)
    forged = rotate(eve, Change())
    for path in shop.keys.folder.glob("*.root.pem"):
        path.unlink()

    assert forged.holds
    assert not sign_root(forged.path, shop.keys.folder, NONE).holds
    assert shop.keys.root.signed.version == 1
    skipped = rotate(eve, Change())
    with pytest.raises(SiteRefusedError, match="does not follow"):
        sign_root(skipped.path, shop.keys.folder, NONE)


def test_nobody_signs_a_root_that_gives_another_key_their_name(shop: Any, tmp_path: Path):
    eve = new_keys(tmp_path / "eve", ["ann", "ben"], threshold=2, passphrases=NONE)

    with pytest.raises(ConfigError, match="not the key that the root names as ann's"):
        sign_root(rotate(eve, Change()).path, shop.keys.folder, NONE)


def test_days_are_kept_in_the_root(tmp_path: Path):
    keys = new_keys(
        tmp_path / "keys", ["ann"], threshold=1, passphrases=NONE, days={"root": 30, "timestamp": 1}
    )
    rotate(keys, Change(days={"timestamp": 2}))

    root = json.loads((keys.folder / NEWEST).read_text(encoding="utf-8"))["signed"]
    assert root["x-rosterbus-days"] == {"root": 30, "snapshot": 30, "targets": 90, "timestamp": 2}


def test_what_was_signed_last_is_remembered(shop: Any):
    assert shop.keys.issue.versions == {"root": 1, **versions_of(shop.site)}
    assert KeyFolder(shop.keys.folder, NONE).issue.title == "Connectors for rosterbus"


def test_a_secret_reference_is_read_where_it_is_used(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("words\n", encoding="utf-8")
    secret.chmod(0o600)

    assert Passphrases.parse([f"ann=file:{secret}"]).by_person == {
        "ann": SecretReference("file", str(secret))
    }
    assert Passphrases.parse([f"file:{secret}"]).of("ben") == "words"
