"""Hostile wheels and indexes are each refused with a sentence of their own, and not one line of their code runs.

Every one of them goes the whole way of the command line. The marketplace's own people are the crooks wherever a wheel
is hostile: they signed it, so that no signature stands in its way.
"""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Crooks, Public, Room

LINK = stat.S_IFLNK | 0o777
PLAIN = stat.S_IFREG | 0o644
POINTS = "[rosterbus.v1.extensions]\nacme = rosterbus_acme\n"
RUNS = "import rosterbus_acme"


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new)


WHEELS: dict[str, tuple[dict[str, Any], str]] = {
    "a .pth file": (
        {"members": {"rosterbus_acme.pth": RUNS}},
        "a .pth file, which runs whenever Python starts",
    ),
    "a .pth file inside": ({"members": {"rosterbus_acme/a.pth": RUNS}}, "a .pth file, which runs whenever"),
    "sitecustomize": ({"members": {"sitecustomize.py": RUNS}}, "a module that Python imports at every start"),
    "a shadowed module": ({"members": {"click/__init__.py": RUNS}}, "a module outside its own package"),
    "a shadowed core": ({"members": {"rosterbus/gate.py": RUNS}}, "a module outside its own package"),
    "a script": (
        {"members": {"rosterbus_acme-1.0.data/scripts/rosterbus": RUNS}},
        "into other folders of the environment",
    ),
    "another's metadata": (
        {"members": {"click-99.0.dist-info/METADATA": "Name: click"}},
        "the metadata of another distribution",
    ),
    "compiled Python": ({"members": {"rosterbus_acme/x.pyc": "x"}}, "Python in compiled form"),
    "compiled code": ({"members": {"rosterbus_acme/x.abi3.so": "x"}}, "compiled code, which nobody can read"),
    "an archive inside": ({"members": {"rosterbus_acme/x.bin": "PK\x03\x04"}}, "an archive inside"),
    "a stolen entry point": (
        {"points": "[rosterbus.v1.extensions]\nhandshake = rosterbus_acme\n"},
        "an entry point with a name that is not its own",
    ),
    "another's module": (
        {"points": "[rosterbus.v1.extensions]\nacme = rosterbus.secrets\n"},
        "something else than a module of its own package",
    ),
    "a group of others": (
        {"points": f"{POINTS}[pytest11]\nacme = rosterbus_acme\n"},
        "an entry point in a group of others",
    ),
    "a console script": (
        {"points": f"{POINTS}[console_scripts]\nrosterbus = rosterbus_acme:main\n"},
        "adds a command to the environment",
    ),
    "a requirement from a place": (
        {"metadata": ["Requires-Dist: rosterbus>=0.1.0", "Requires-Dist: x @ https://example.org/x.whl"]},
        "a requirement names a place to load from",
    ),
    "an older core": (
        {"metadata": ["Requires-Dist: rosterbus>=0.1.0", "Requires-Dist: click<8"]},
        "hold back a package",
    ),
    "a path out of it": ({"entries": [("../evil.pth", RUNS, PLAIN)]}, "leads out of its folder"),
    "an absolute path": ({"entries": [("/tmp/evil.pth", RUNS, PLAIN)]}, "an absolute path"),
    "a link": ({"entries": [("rosterbus_acme/link", "/etc/passwd", LINK)]}, "is no plain file"),
    "a file twice": (
        {
            "entries": [("rosterbus_acme/__init_2.py", RUNS, PLAIN)],
            "patched": swapped(b"rosterbus_acme/__init_2.py", b"rosterbus_acme/__init__.py"),
        },
        "two files have the same name",
    ),
    "one letter in upper case": (
        {"entries": [("rosterbus_acme/__INIT__.py", RUNS, PLAIN)]},
        "differ in upper and lower case only",
    ),
    "a file that RECORD lacks": (
        {"entries": [("rosterbus_acme/more.py", RUNS, PLAIN)]},
        "RECORD does not name a file that is there",
    ),
    "a bomb": (
        {"entries": [("rosterbus_acme/x.csv", "0" * 9_000_000, PLAIN)]},
        "grows too much when it is unpacked",
    ),
    "data before it": ({"patched": lambda data: b"#!/bin/sh\n" + data}, "data stands before its first file"),
    "no zip file": ({"patched": lambda data: b"import rosterbus_acme\n" * 9}, "it is no zip file"),
}


@pytest.mark.parametrize("kind", WHEELS)
def test_a_hostile_wheel_that_its_people_signed_is_refused(kind: str, room: Room, crooks: Crooks):
    made, sentence = WHEELS[kind]
    crooks.offer(crooks.wheel(**made))

    refused(room, crooks, sentence)


def replaced(crooks: Crooks) -> None:
    shutil.copy(crooks.wheel(), crooks.offered)


def one_byte(crooks: Crooks) -> None:
    data = crooks.offered.read_bytes()
    crooks.offered.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def replaced_and_listed(crooks: Crooks) -> None:
    replaced(crooks)
    crooks.sign()


def unsigned(crooks: Crooks) -> None:
    crooks.edit_list("targets", lambda values: values.update(signatures=[]))


def with_certificate(crooks: Crooks) -> None:
    certificate = {
        "distribution": "rosterbus-acme",
        "version": "1.0",
        "plugins": ["extension:acme"],
        "wheel": crooks.offered.name,
        "sha256": "0" * 64,
        "suite": "0.1.0",
        "api": 1,
        "standing": "certified",
        "because": [],
        "outcomes": [{"test": "x", "promise": "x", "outcome": "passed", "reason": ""}],
        "described": {},
        "against": "",
        "figures": {},
    }
    crooks.say(attestations=[{"certificate": certificate, "ran": "marketplace", "on": "2026-11-21"}])


def says(**words: Any) -> Callable[[Crooks], None]:
    return lambda crooks: crooks.say(**words)


def other_hosts(crooks: Crooks) -> None:
    values = json.loads((crooks.site / "catalogue.json").read_text(encoding="utf-8"))
    card = values["entries"][0]["releases"][0]["card"]
    crooks.say(card={**card, "hosts": ["harmless.example.org"]})


WITHDRAWN = {"reason": "it sends names to a stranger", "on": "2026-11-21"}
OTHER_WORDS = "says something else of rosterbus_acme-1.0-py3-none-any.whl than the wheel itself"
INDEXES: dict[str, tuple[Callable[[Crooks], None], str]] = {
    "a swapped wheel": (replaced, "rosterbus_acme-1.0-py3-none-any.whl is not what was signed"),
    "a changed byte": (one_byte, "rosterbus_acme-1.0-py3-none-any.whl is not what was signed"),
    "a swapped wheel in the list": (
        replaced_and_listed,
        "another SHA-256 for rosterbus_acme-1.0-py3-none-any.whl",
    ),
    "an edited catalogue": (
        lambda crooks: crooks.say(signed=False, size=1),
        "catalogue.json is not what was signed",
    ),
    "no signature": (unsigned, "`targets` has no signature of a key that its root names"),
    "a certificate of another wheel": (with_certificate, "shows a certificate of another wheel"),
    "other hosts than the wheel's": (other_hosts, f"{OTHER_WORDS} (`card`)"),
    "a dependency less than the wheel's": (
        says(requires=["rosterbus>=0.1.0", "click>=8"]),
        f"{OTHER_WORDS} (`requires`)",
    ),
    "a dependency that nobody signed": (says(requires=["rosterbus>=0.1.0", "stowaway"]), "stowaway"),
    "a dependency from a place": (says(requires=["x @ https://example.org/x.whl"]), "no marketplace writes"),
    "a file name that leads elsewhere": (
        says(wheel="../../../evil.pth"),
        "`wheel`: the catalogue is refused",
    ),
    "a hash that leads elsewhere": (says(sha256="../../.."), "`sha256`: the catalogue is refused"),
    "a newer API": (says(api=2), "needs connector API 2"),
    "a core that is not here": (says(core_floor="99.0"), "needs rosterbus 99.0 or newer"),
    "a withdrawn release": (says(withdrawn=WITHDRAWN), "was withdrawn: it sends names to a stranger"),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_a_hostile_index_is_refused(kind: str, room: Room, crooks: Crooks):
    change, sentence = INDEXES[kind]
    change(crooks)

    refused(room, crooks, sentence)


Opened = Callable[..., Any]


def expired(role: str) -> Callable[..., Any]:
    return lambda opened, folder: opened(folder, days={role: -1})


def of_two(change: Callable[[list[dict[str, Any]]], object]) -> Callable[..., Any]:
    """A marketplace of two people, whose signatures are changed so."""

    def make(opened: Opened, folder: Path) -> Any:
        shop = opened(folder, "ann", "ben")
        path = shop.site / "metadata" / "targets.json"
        values = json.loads(path.read_text(encoding="utf-8"))
        change(values["signatures"])
        path.write_text(json.dumps(values), encoding="utf-8")
        return shop

    return make


def of_a_stranger(opened: Opened, folder: Path) -> Any:
    """Signed by keys that its root does not name."""
    shop, other = opened(folder), opened(folder / "stranger", "eve")
    for name in ("targets.json", "snapshot.json", "timestamp.json"):
        shutil.copy(other.site / "metadata" / name, shop.site / "metadata" / name)
    return shop


MARKETPLACES: dict[str, tuple[Callable[..., Any], str]] = {
    "an expired one": (expired("targets"), "its `targets` has expired"),
    "a frozen one": (expired("timestamp"), "nobody has signed lately that this is its newest state"),
    "one signature of two": (
        of_two(lambda signed: signed.pop()),
        "needs the signatures of 2 keys, and 1 key has",
    ),
    "two signatures of one": (
        of_two(lambda signed: signed[1].update(sig=signed[0]["sig"])),
        "needs the signatures of 2 keys, and 1 key has",
    ),
    "one key twice": (of_two(lambda signed: signed[1].update(signed[0])), "its metadata cannot be read"),
    "an unknown key": (of_a_stranger, "no signature of a key that its root names"),
}


@pytest.mark.parametrize("kind", MARKETPLACES)
def test_a_marketplace_that_too_few_people_vouch_for_is_not_trusted(
    kind: str, room: Room, crooks: Crooks, opened: Opened, tmp_path: Path
):
    make, sentence = MARKETPLACES[kind]
    shop = make(opened, tmp_path / "other")

    ran = room.site.market("trust", str(shop.site), "--fingerprint", shop.fingerprint)
    assert (ran.code, sentence in ran.err) == (1, True), ran.err
    assert room.site.market("install", "acme", "--yes").code != 0
    nothing_came_in(room)


def test_a_forged_fingerprint_an_older_state_and_another_marketplace_are_refused(
    room: Room, crooks: Crooks, opened: Opened, tmp_path: Path
):
    shop, old = crooks.shop, tmp_path / "old"
    forged = room.site.market("trust", str(shop.site), "--fingerprint", "0" * 64)
    assert "another fingerprint than the one you gave: it is another one, or a forged one" in forged.err
    trust(room, crooks)
    shutil.copytree(shop.site, old)
    shop.publish("acme", "1.1")
    assert room.site.market("outdated").code == 0
    shutil.rmtree(shop.site)
    old.rename(shop.site)
    said = room.site.market("install", "acme", "--yes").err
    assert "it shows an older state than the one seen before" in said
    shutil.rmtree(shop.site)
    shutil.copytree(opened(tmp_path / "other", "eve").site, shop.site)
    said = room.site.market("install", "acme", "--yes").err
    assert "it has another root than the one you trusted" in said
    nothing_came_in(room)


def test_a_copy_that_was_tampered_with_is_refused_like_its_origin(room: Room, crooks: Crooks, tmp_path: Path):
    trust(room, crooks)
    copy = tmp_path / "copy"
    assert room.site.market("mirror", str(copy), "--no-dependencies").code == 0
    shutil.copy(crooks.wheel(), copy / "packages" / crooks.offered.name)

    ran = room.site.market("install", "acme", "--yes", "--offline-from", str(copy))
    assert "rosterbus_acme-1.0-py3-none-any.whl is not what was signed" in ran.err
    one_byte(crooks)
    assert "is not what was signed" in room.site.market("mirror", str(tmp_path / "another")).err
    nothing_came_in(room)


def test_nothing_of_ours_comes_from_the_public_index_whatever_its_version(
    room: Room, crooks: Crooks, public: Public
):
    for name in ("rosterbus", "rosterbus-acme", "rosterbus-market", "click"):
        public.publish(name, "99.0")
    trust(room, crooks)

    ran = from_index(room, public, "install", "acme")
    assert "rosterbus-acme 1.0: acme 1.0" in ran.err
    assert "99.0" not in ran.err
    nothing_came_in(room)


PUBLIC = {
    "another file": ("0" * 64, "", "the package index offers other files as wordlist 2.0"),
    "a package more": (
        "",
        "stowaway",
        "a connector asks for stowaway 1.0, which the marketplace's signed closure",
    ),
    "a name of ours": (
        "",
        "rosterbus-ghost",
        "rosterbus-ghost is asked for, which is not in the marketplace",
    ),
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_what_the_public_index_changes_is_refused(kind: str, room: Room, crooks: Crooks, public: Public):
    sha256, requires, sentence = PUBLIC[kind]
    for name in ("stowaway", "rosterbus-ghost"):
        public.publish(name, "1.0")
    real = public.publish("wordlist", "2.0", requires=requires)
    crooks.shop.publish("acme", "1.1", requires=["wordlist>=1"])
    crooks.close(f"wordlist==2.0 --hash=sha256:{sha256 or real}\n")
    trust(room, crooks)

    ran = from_index(room, public, "install", "acme", "--yes")
    assert (ran.code, sentence in ran.err) == (1, True), ran.err
    nothing_came_in(room)


def test_a_source_is_never_built_even_if_its_hash_was_signed(room: Room, crooks: Crooks, public: Public):
    sha256 = public.publish("wordlist", "2.0", sdist=True)
    crooks.shop.publish("acme", "1.1", requires=["wordlist>=1"])
    crooks.close(f"wordlist==2.0 --hash=sha256:{sha256}\n")
    trust(room, crooks)

    ran = from_index(room, public, "install", "acme", "--yes")
    assert "rosterbus-acme==1.1 cannot be installed with what was vouched for" in ran.err
    nothing_came_in(room)


def test_a_name_that_looks_like_an_installed_plugins_is_refused(room: Room, crooks: Crooks, tmp_path: Path):
    info = room.packages / "rosterbus_akme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: rosterbus-akme\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[rosterbus.v1.extensions]\nakme = rosterbus_akme\n", encoding="utf-8"
    )
    try:
        refused(room, crooks, "its name could be taken for `rosterbus-akme`")
    finally:
        shutil.rmtree(info)
    assert "no such connector; found `acne`; allowed: acme" in room.site.market("install", "acne").err


def test_the_core_is_nothing_that_a_marketplace_installs(room: Room, crooks: Crooks):
    path = crooks.site / "catalogue.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    release = {
        **values["entries"][0]["releases"][0],
        "version": "99.0",
        "wheel": "rosterbus-99.0-py3-none-any.whl",
    }
    values["entries"].append({"distribution": "rosterbus", "core": True, "releases": [release]})
    path.write_text(json.dumps(values), encoding="utf-8")
    shutil.copy(crooks.wheel(), crooks.site / "packages" / release["wheel"])
    crooks.sign()
    trust(room, crooks)

    ran = room.site.market("install", "rosterbus", "--yes")
    assert "rosterbus itself is installed by pip, and no connector may change it" in ran.err
    nothing_came_in(room)


def test_what_a_publisher_wrote_commands_no_screen(room: Room, crooks: Crooks):
    changes = "# Changelog\n\n## [1.1]\n\n- Nice\x1b[2J\x1b[Hhosts, declared: none\n"
    trust(room, crooks)
    assert room.site.market("install", "acme", "--yes").code == 0
    crooks.shop.publish("acme", "1.1", files={"rosterbus_acme/CHANGELOG.md": changes})

    ran = room.site.market("upgrade", "acme")
    assert "- Nice?[2J?[Hhosts, declared: none" in ran.err
    assert "\x1b" not in ran.err
    assert room.site.market("remove", "acme").code == 0
    nothing_came_in(room)


def test_a_configuration_that_lies_among_temporary_files_chooses_nothing(
    room: Room, crooks: Crooks, tmp_path: Path
):
    """Every account of a machine may write there, and uv looks for its own file in every folder above."""
    (tmp_path / "uv.toml").write_text("[pip]\nno-such-option = 1\n", encoding="utf-8")
    (tmp_path / "scratch").mkdir()
    trust(room, crooks)

    ran = room.site.market("install", "acme", TMPDIR=str(tmp_path / "scratch"))
    assert "a person has to agree" in ran.err
    nothing_came_in(room)


def trust(room: Room, crooks: Crooks) -> None:
    ran = room.site.market("trust", str(crooks.site), "--fingerprint", crooks.shop.fingerprint)
    assert ran.code == 0, ran.err


def from_index(room: Room, public: Public, *command: str) -> Any:
    return room.site.market(*command, UV_DEFAULT_INDEX=public.url, UV_OFFLINE="false", UV_NO_CACHE="1")


def refused(room: Room, crooks: Crooks, sentence: str) -> None:
    """Neither trusting nor showing nor installing gets further than the sentence, and nothing is left of it."""
    trusted = room.site.market("trust", str(crooks.site), "--fingerprint", crooks.shop.fingerprint)
    shown = room.site.market("show", "acme") if trusted.code == 0 else trusted
    installed = room.site.market("install", "acme", "--yes") if trusted.code == 0 else trusted
    assert installed.code in (1, 2, 5), installed.out
    assert sentence in installed.err, installed.err
    assert len(installed.err.splitlines()) <= 8, shown.err
    nothing_came_in(room)


def nothing_came_in(room: Room) -> None:
    assert not (room.project / "rosterbus.lock").exists() or "rosterbus-acme" not in (
        room.project / "rosterbus.lock"
    ).read_text(encoding="utf-8")
    there = {path.name for path in room.packages.iterdir()}
    assert not {name for name in there if "acme" in name or "wordlist" in name or "evil" in name}, there
    assert not list(room.project.rglob("*.pth"))
    assert not room.marker.exists()
    assert room.site.seen == []
