"""A marketplace is built of wheels alone, grows by releases, and is never half a one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uv
from rosterbus.certificates import read_certificate
from rosterbus.errors import ConfigError
from rosterbus_market.catalogue import parse_catalogue
from rosterbus_market.closure import read_closure
from rosterbus_market.countersigning import differences, examined_stage, sign_stage
from rosterbus_market.issuing import Place, finish
from rosterbus_market.key_folder import KeyFolder
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.publishing import Wheels, attest, build, current, publish, withdraw
from rosterbus_market.refusals import SiteRefusedError, WheelRefusedError

Client = Callable[..., Callable[[str], bytes]]


def add(shop: Any, wheel: Path, **options: Any) -> Any:
    return publish(Wheels([wheel], **options), shop.place, closure=False)


def test_a_site_has_everything_that_was_promised(shop: Any):
    names = {path.relative_to(shop.site).as_posix() for path in shop.site.rglob("*") if path.is_file()}
    wheel = "packages/rosterbus_acme-1.0-py3-none-any.whl"

    assert {"catalogue.json", "closure.txt", "index.html", wheel, f"{wheel}.metadata"} <= names
    assert {f"metadata/{one}.json" for one in ("1.root", "root", "targets", "snapshot", "timestamp")} <= names
    assert not [name for name in names if name.endswith(".pem") or Path(name).name.startswith(".")]
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in shop.site.rglob("*") if path.is_file()} == {0o644}
        assert {path.stat().st_mode & 0o777 for path in (shop.site, *shop.site.rglob("*/"))} == {0o755}


def test_the_same_wheels_give_the_same_catalogue(shop: Any, tmp_path: Path, draft: Callable[..., Any]):
    again = replace(shop.place, site=tmp_path / "again")
    build(Wheels([draft().write(tmp_path / "other")]), again, closure=False)

    one, other = (
        json.loads((site / "catalogue.json").read_text("utf-8")) for site in (shop.site, again.site)
    )
    assert {**one, "built": ""} == {**other, "built": ""}


def test_a_catalogue_says_all_of_a_wheel_and_reads_back(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], certify: Callable[..., Path]
):
    wheel = draft(name="rosterbus-beta").write(tmp_path)
    certificate = read_certificate(certify(wheel))
    add(shop, wheel)

    [release] = shop.catalogue.entry("beta").releases
    assert release.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (release.core_floor, release.api, release.changes) == ("0.1.0", 1, "- Everything.")
    [said] = release.attestations
    assert (said.ran, said.certificate.outcomes, said.certificate.sha256) == (
        "publisher",
        certificate.outcomes,
        release.sha256,
    )
    laid = shop.site / "packages" / f"{wheel.name}.certificate.json"
    assert read_certificate(laid) == certificate


def test_releases_are_added_the_newest_first(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], verified_by: Client
):
    for version in ("1.10", "1.9"):
        add(shop, draft(version=version).write(tmp_path))

    entry = shop.catalogue.entry("acme")
    assert [one.version for one in entry.releases] == ["1.10", "1.9", "1.0"]
    assert entry.newest.version == "1.10"
    verified_by(shop.site)


def test_a_version_never_has_two_contents(shop: Any, tmp_path: Path, draft: Callable[..., Any]):
    other = draft()
    other.members["rosterbus_acme/more.py"] = b""

    with pytest.raises(WheelRefusedError, match="published already, with other bytes"):
        add(shop, other.write(tmp_path / "other"))
    with pytest.raises(ConfigError, match="published already, with these bytes"):
        add(shop, draft().write(tmp_path / "same"))


def test_a_certificate_can_follow_its_wheel(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], certify: Callable[..., Path]
):
    wheel = draft().write(tmp_path)
    certify(wheel)
    published = shop.catalogue.entry("acme").newest.published
    add(shop, wheel)

    release = shop.catalogue.entry("acme").newest
    assert (release.certificate.standing, release.published) == ("certified", published)


def test_a_name_that_resembles_a_published_one_needs_a_person(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    wheel = draft(name="rosterbus-acmee").write(tmp_path)

    with pytest.raises(WheelRefusedError, match="could be taken for `rosterbus-acme`"):
        add(shop, wheel)
    add(shop, wheel, accepted=("rosterbus-acmee",))
    assert len(shop.catalogue.entries) == 2


def test_two_wheels_that_come_together_may_not_resemble_each_other(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    wheels = [draft(name=f"rosterbus-{name}").write(tmp_path) for name in ("gamma", "gamna")]

    with pytest.raises(WheelRefusedError, match="could be taken for"):
        publish(Wheels(wheels), shop.place, closure=False)


def test_a_core_is_the_one_that_was_named_as_such(shop: Any, tmp_path: Path, draft: Callable[..., Any]):
    core = draft(
        name="rosterbus", points="[console_scripts]\nrosterbus = rosterbus.cli:main\n", requires=["click>=8"]
    )
    wheel = core.write(tmp_path)

    with pytest.raises(WheelRefusedError, match="claims to be rosterbus itself"):
        publish(Wheels([wheel]), shop.place, closure=False)
    publish(Wheels([], core=wheel), shop.place, closure=False)
    assert [(one.distribution, one.core) for one in shop.catalogue.entries] == [
        ("rosterbus", True),
        ("rosterbus-acme", False),
    ]
    with pytest.raises(WheelRefusedError, match="it is not the core"):
        publish(Wheels([], core=draft(version="2.0").write(tmp_path)), shop.place, closure=False)


def test_a_withdrawn_release_is_named_with_its_reason_and_keeps_its_file(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], verified_by: Client
):
    add(shop, draft(version="1.1").write(tmp_path))
    withdraw("acme", "1.1", shop.place, reason="it sends <too> much")

    catalogue = parse_catalogue(verified_by(shop.site)("catalogue.json"))
    newest, older = catalogue.entry("acme").releases
    assert (newest.version, newest.withdrawn.reason) == ("1.1", "it sends <too> much")
    assert catalogue.entry("acme").newest == older
    assert (shop.site / "packages" / newest.wheel).is_file()
    page = (shop.site / "simple" / "rosterbus-acme" / "index.html").read_text("utf-8")
    assert 'data-yanked="it sends &lt;too&gt; much"' in page
    files = json.loads((shop.site / "simple" / "rosterbus-acme" / "index.json").read_text("utf-8"))["files"]
    assert [one["yanked"] for one in files] == ["it sends <too> much", False]


def test_a_withdrawal_stays_when_the_marketplace_is_built_again(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    withdraw("acme", "1.0", shop.place, reason="it sends too much")
    build(Wheels([draft(version="1.1").write(tmp_path)]), shop.place, closure=False)

    newest, older = shop.catalogue.entry("acme").releases
    assert (newest.version, newest.withdrawn) == ("1.1", None)
    assert (older.version, older.withdrawn.reason) == ("1.0", "it sends too much")


@pytest.mark.parametrize(
    ("release", "reason", "sentence"),
    [
        (("nobody", "1.0"), "why", "no such connector"),
        (("acme", "9"), "why", "no such version"),
        (("acme", "1.0"), " ", "need to know why"),
    ],
)
def test_what_cannot_be_withdrawn_is_told(release: tuple[str, str], reason: str, sentence: str, shop: Any):
    with pytest.raises(ConfigError, match=sentence):
        withdraw(*release, shop.place, reason=reason)


def test_a_release_is_withdrawn_once(shop: Any):
    withdraw("acme", "1.0", shop.place, reason="it sends too much")

    with pytest.raises(ConfigError, match=r"was withdrawn on .* already: it sends too much"):
        withdraw("acme", "1.0", shop.place, reason="another")


def test_the_marketplaces_own_certificate_stands_beside_the_publishers(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], certify: Callable[..., Path]
):
    wheel = draft().write(tmp_path)
    certificate = read_certificate(certify(wheel))
    add(shop, wheel)
    for _ in range(2):
        attest(replace(certificate, suite="0.2.0"), shop.place)

    release = shop.catalogue.entry("acme").newest
    assert [one.ran for one in release.attestations] == ["publisher", "marketplace"]
    assert release.certificate.suite == "0.2.0"
    with pytest.raises(ConfigError, match="of another wheel"):
        attest(replace(certificate, sha256="0" * 64), shop.place)


def test_nothing_is_published_onto_what_somebody_else_put_there(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    catalogue = shop.site / "catalogue.json"
    catalogue.write_text(catalogue.read_text("utf-8").replace("example.org", "example.com"), encoding="utf-8")

    with pytest.raises(SiteRefusedError, match=r"`catalogue\.json` is not the file that was signed"):
        add(shop, draft(version="1.1").write(tmp_path))


def test_a_refused_wheel_leaves_the_marketplace_as_it_was(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    bad = draft(version="1.1", requires=[])
    before = {path: path.read_bytes() for path in shop.site.rglob("*") if path.is_file()}

    with pytest.raises(WheelRefusedError):
        publish(
            Wheels([draft(version="1.2").write(tmp_path), bad.write(tmp_path)]), shop.place, closure=False
        )

    assert {path: path.read_bytes() for path in shop.site.rglob("*") if path.is_file()} == before
    assert not list(shop.site.parent.glob(f".{shop.site.name}*"))


def test_a_folder_that_is_no_marketplace_is_not_replaced(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").touch()

    with pytest.raises(ConfigError, match="something else than a marketplace"):
        build(Wheels([draft().write(tmp_path)]), replace(shop.place, site=home), closure=False)
    with pytest.raises(ConfigError, match="something else than a marketplace"):
        add(replace(shop, place=replace(shop.place, stage=home)), draft(version="1.1").write(tmp_path))
    assert (home / "thesis.txt").exists()


def test_a_swap_that_was_killed_between_its_steps_is_put_right(
    shop: Any, tmp_path: Path, draft: Callable[..., Any]
):
    shop.site.rename(shop.site.with_name(".site.old"))

    add(shop, draft(version="1.1").write(tmp_path))

    assert [one.version for one in shop.catalogue.entry("acme").releases] == ["1.1", "1.0"]


@pytest.fixture
def two_machines(shop: Any, tmp_path: Path) -> tuple[Place, KeyFolder]:
    """Ann's machine, which publishes, and ben's, with his keys alone."""
    ben = tmp_path / "ben"
    ben.mkdir()
    shutil.copytree(shop.keys.folder / "roots", ben / "roots")
    shutil.copy(shop.keys.folder / "root.json", ben)
    for path in shop.keys.folder.glob("ben.*.pem"):
        path.rename(ben / path.name)
    return replace(shop.place, stage=tmp_path / "stage"), KeyFolder(ben, Passphrases())


def test_two_people_on_two_machines_publish_together(
    two_machines: tuple[Place, KeyFolder], tmp_path: Path, draft: Callable[..., Any], verified_by: Client
):
    place, ben = two_machines
    wheel = draft(version="1.1").write(tmp_path)
    with pytest.raises(
        SiteRefusedError, match="too few people signed; found ann; allowed: 2 of them, with ben"
    ):
        publish(Wheels([wheel]), replace(place, stage=None), closure=False)

    issued = publish(Wheels([wheel]), place, closure=False)
    assert (issued.signed.by, issued.signed.holds) == (("ann",), False)
    with pytest.raises(SiteRefusedError, match="too few people signed"):
        finish(place.stage, place, issued.catalogue)

    seen = examined_stage(place.stage, ben)
    [new] = differences(seen, replace(place, stage=None)).new
    assert new.startswith("rosterbus-acme 1.1 (")
    assert sign_stage(place.stage, ben).by == ("ann", "ben")
    (place.stage / "index.html").write_text("trust another fingerprint", encoding="utf-8")
    finish(place.stage, place, seen)

    assert [one.version for one in current(place).entry("acme").releases] == ["1.1", "1.0"]
    assert "another fingerprint" not in (place.site / "index.html").read_text("utf-8")
    verified_by(place.site)
    with pytest.raises(SiteRefusedError, match="made before what is published now"):
        finish(place.stage, place, seen)


def test_nobody_signs_a_stage_whose_catalogue_says_more_than_its_wheels(
    two_machines: tuple[Place, KeyFolder], tmp_path: Path, draft: Callable[..., Any]
):
    place, ben = two_machines
    publish(Wheels([draft(version="1.1").write(tmp_path)]), place, closure=False)
    path = place.stage / "catalogue.json"
    path.write_text(
        path.read_text("utf-8").replace("upload.example.org", "other.example.org"), encoding="utf-8"
    )
    with pytest.raises(SiteRefusedError, match="not the file that was signed"):
        examined_stage(place.stage, ben)

    # Ann herself could have signed it so.
    from rosterbus_market.signing import sign_targets

    sign_targets(place.stage, place.keys, version=9, staged=True)
    with pytest.raises(SiteRefusedError, match=r"says of rosterbus_acme-1\.\d-\S+ what the wheel does not"):
        examined_stage(place.stage, ben)


@pytest.fixture
def other_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draft: Callable[..., Any]) -> Path:
    """An index of another place, with a package that a connector needs, and hostile ones of our names."""
    links = {}
    for name, version in (("needed", "2.0"), ("rosterbus-acme", "99.0"), ("rosterbus", "99.0")):
        made = draft(name=name, version=version, requires=[], points="[x]\ny = z\n")
        links[name] = made.write(tmp_path / "elsewhere" / name)
    for name, wheel in links.items():
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        page = f'<html><body><a href="{wheel.name}#sha256={sha256}">{wheel.name}</a></body></html>'
        (tmp_path / "elsewhere" / name / "index.html").write_text(page, encoding="utf-8")
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "elsewhere").as_uri())
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "elsewhere"


def test_a_closure_pins_what_is_from_elsewhere_and_never_takes_our_names_from_there(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], other_index: Path
):
    core = draft(name="rosterbus", points="[console_scripts]\nrosterbus = rosterbus.cli:main\n", requires=[])
    needy = draft(name="rosterbus-beta", requires=["rosterbus>=0.1.0", "rosterbus-acme>=1", "needed>=1"])
    core.version = "0.2"
    build(Wheels([draft().write(tmp_path), needy.write(tmp_path)], core.write(tmp_path)), shop.place)

    [pinned] = read_closure((shop.site / "closure.txt").read_bytes())
    wheel = next((other_index / "needed").glob("*.whl"))
    assert (pinned.name, pinned.version) == ("needed", "2.0")
    assert pinned.hashes == (hashlib.sha256(wheel.read_bytes()).hexdigest(),)


def test_a_closure_that_would_take_the_core_from_elsewhere_is_refused(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], other_index: Path
):
    with pytest.raises(ConfigError, match="would take a connector from another index"):
        build(Wheels([draft().write(tmp_path)]), shop.place)


def test_what_cannot_be_resolved_is_told_and_nothing_is_written(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    wheel = draft(version="1.1", requires=["rosterbus>=0.1.0", "needed>=1"]).write(tmp_path)

    with pytest.raises(ConfigError, match="`--no-closure` leaves it to the client"):
        publish(Wheels([wheel]), shop.place)
    assert [one.version for one in shop.catalogue.entry("acme").releases] == ["1.0"]


@pytest.mark.parametrize(
    "line", ["needed>=1 --hash=sha256:" + "0" * 64, "needed==1", "-r other.txt", "needed @ file:///x"]
)
def test_a_closure_with_a_line_that_pins_nothing_is_refused(line: str):
    with pytest.raises(ConfigError):
        read_closure(line.encode())


def test_uv_installs_from_the_index_and_refuses_what_was_withdrawn(shop: Any, tmp_path: Path):
    environment = {**os.environ, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    index = (shop.site / "simple").as_uri()

    def install(folder: str) -> subprocess.CompletedProcess[bytes]:
        options = [
            "--no-deps",
            "--default-index",
            index,
            "--target",
            str(tmp_path / folder),
            "--only-binary",
            ":all:",
        ]
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", *options, "rosterbus-acme"]
        return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)

    assert install("first").returncode == 0
    assert (tmp_path / "first" / "rosterbus_acme" / "__init__.py").is_file()
    withdraw("acme", "1.0", shop.place, reason="it sends too much")
    refused = install("second")
    assert refused.returncode != 0
    assert b"yanked" in refused.stderr
