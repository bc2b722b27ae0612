"""What belongs together is found with nothing but what the marketplace vouched for; an index may say what it likes."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rosterbus.errors import ConfigError, PluginError, RefusedError
from rosterbus.lock import Lock, LockedPackage
from rosterbus_market.catalogue import Catalogue, Release, Withdrawal
from rosterbus_market.choosing import choose
from rosterbus_market.environment import core_packages, refuse_system_python
from rosterbus_market.publishing import current
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.resolving import Vouched, resolve

if TYPE_CHECKING:
    from conftest import Shop

CORE = importlib.metadata.version("rosterbus")
Elsewhere = Callable[..., str]


def resolved(
    shop: Shop, name: str, *, closure: str = "", former: Lock | None = None
) -> dict[str, LockedPackage]:
    catalogue = current(shop.place)
    entry, release = choose(catalogue, name)
    packages = resolve({entry.distribution: release}, Vouched(catalogue, closure.encode(), former))
    return {one.name: one for one in packages}


def test_what_a_connector_needs_from_elsewhere_is_locked_with_its_hashes(shop: Shop, elsewhere: Elsewhere):
    sha256 = elsewhere("wordlist", "2.0")
    elsewhere("wordlist", "3.0")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])

    found = resolved(shop, "acme", closure=f"wordlist==2.0 \\\n    --hash=sha256:{sha256}\n")
    assert found["wordlist"].origin == "index"
    assert found["wordlist"].version == "2.0"
    assert dict(found["wordlist"].files) == {"wordlist-2.0-py3-none-any.whl": sha256}


def test_what_the_closure_does_not_name_is_refused(shop: Shop, elsewhere: Elsewhere):
    elsewhere("wordlist", "2.0")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])

    with pytest.raises(
        SiteRefusedError, match=r"asks for wordlist 2\.0, which the marketplace's signed closure"
    ):
        resolved(shop, "acme")


def test_another_file_than_the_closure_names_is_refused(shop: Shop, elsewhere: Elsewhere):
    elsewhere("wordlist", "2.0")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])

    with pytest.raises(SiteRefusedError, match=r"the package index offers other files as wordlist 2\.0"):
        resolved(shop, "acme", closure=f"wordlist==2.0 \\\n    --hash=sha256:{'0' * 64}\n")


def test_what_a_package_from_elsewhere_adds_is_refused(shop: Shop, elsewhere: Elsewhere):
    elsewhere("stowaway", "1.0")
    sha256 = elsewhere("wordlist", "2.0", requires="stowaway")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])

    with pytest.raises(
        SiteRefusedError, match=r"asks for stowaway 1\.0, which the marketplace's signed closure"
    ):
        resolved(shop, "acme", closure=f"wordlist==2.0 \\\n    --hash=sha256:{sha256}\n")


def test_what_was_agreed_to_before_may_stay_when_the_closure_forgets_it(shop: Shop, elsewhere: Elsewhere):
    sha256 = elsewhere("wordlist", "2.0")
    elsewhere("wordlist", "3.0")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])
    kept = LockedPackage("wordlist", "2.0", "index", files={"wordlist-2.0-py3-none-any.whl": sha256})

    found = resolved(shop, "acme", former=Lock("", "", CORE, (kept,)))
    assert found["wordlist"].version == "2.0"


def test_a_name_of_the_marketplace_is_never_taken_from_elsewhere(shop: Shop, elsewhere: Elsewhere):
    elsewhere("rosterbus-beta", "99.0")
    shop.publish("beta", "1.0")
    shop.publish("acme", "1.1", requires=["rosterbus-beta>=1.0"])

    found = resolved(shop, "acme")
    assert (found["rosterbus-beta"].version, found["rosterbus-beta"].origin) == ("1.0", "marketplace")


def test_a_name_of_ours_that_the_marketplace_lacks_is_not_looked_for_elsewhere(
    shop: Shop, elsewhere: Elsewhere
):
    elsewhere("rosterbus-ghost", "99.0")
    wordlist = elsewhere("wordlist", "2.0", requires="rosterbus-ghost")
    shop.publish("acme", "1.1", requires=["wordlist>=1"])

    with pytest.raises(PluginError, match="rosterbus-ghost is asked for, which is not in the marketplace"):
        resolved(shop, "acme", closure=f"wordlist==2.0 \\\n    --hash=sha256:{wordlist}\n")


def test_the_core_and_what_it_stands_on_stay_as_they_are(shop: Shop, elsewhere: Elsewhere):
    for name in ("rosterbus", "click", "pluggy"):
        elsewhere(name, "999.0")
    shop.publish("acme", "1.1", requires=["click>=8"])

    found = resolved(shop, "acme")
    held = {one.name: (one.version, one.origin) for one in found.values() if one.name != "rosterbus-acme"}
    assert held == {name: (one.version, "core") for name, one in core_packages().items()}
    assert held["rosterbus"] == (CORE, "core")
    assert {"click", "duckdb", "pluggy"} < held.keys()


def test_what_does_not_fit_together_is_told_with_the_reason(shop: Shop, elsewhere: Elsewhere):
    elsewhere("wordlist", "2.0")
    shop.publish("beta", "1.0", requires=["wordlist>=3"])

    with pytest.raises(PluginError, match=r"rosterbus-beta==1\.0 cannot be installed with what .*wordlist"):
        resolved(shop, "beta")


def release(**changes: Any) -> Release:
    values: Mapping[str, Any] = {
        "version": "1.0",
        "wheel": "rosterbus_acme-1.0-py3-none-any.whl",
        "sha256": "0" * 64,
        "size": 1,
        "published": "2026-11-20",
        "api": 1,
        "core_floor": "0.1.0",
        "requires_python": ">=3.11",
        "requires": (),
        "entry_points": {},
        "card": None,
        "content": "",
    }
    return Release(**{**values, **changes})


def catalogue_of(*releases: Release) -> Catalogue:
    from rosterbus_market.catalogue import Entry

    return Catalogue(
        "Ours", "", (Entry("rosterbus-acme", releases), Entry("rosterbus", (release(),), core=True))
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"api": 2}, "rosterbus-acme 1.0 needs connector API 2, and this core speaks 1"),
        ({"core_floor": "77.0"}, f"needs rosterbus 77.0 or newer, and here is {CORE}"),
        ({"requires_python": ">=4"}, "needs Python >=4, and this one is 3."),
        ({"requires": ("click<2",)}, "needs click<2, and here is click "),
    ],
)
def test_what_cannot_run_here_is_refused_before_anything_is_fetched(changes: dict[str, Any], sentence: str):
    with pytest.raises(PluginError) as caught:
        choose(catalogue_of(release(**changes)), "acme")
    assert sentence in str(caught.value)


def test_an_older_release_that_fits_is_named_and_not_taken_unasked():
    newest, older = release(version="2.0", core_floor="77.0"), release()

    with pytest.raises(PluginError, match=r"this one can be had: rosterbus-acme==1\.0"):
        choose(catalogue_of(newest, older), "acme")
    assert choose(catalogue_of(newest, older), "acme==1.0")[1] is older


def test_a_withdrawn_release_is_refused_with_the_reason_and_another_one():
    gone = release(version="2.0", withdrawn=Withdrawal("it loses students", "2026-11-21"))

    with pytest.raises(
        RefusedError, match=r"on 2026-11-21: it loses students; instead: rosterbus-acme==1\.0"
    ):
        choose(catalogue_of(gone, release()), "acme==2.0")
    assert choose(catalogue_of(gone, release()), "acme")[1].version == "1.0"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("acne", "Ours has no such connector; found `acne`; allowed: acme"),
        ("acme==9", "rosterbus-acme has no such version; found `9`; allowed: 1.0"),
        ("acme>=1", "this names no connector"),
        ("acme @ https://example.org/x.whl", "this names no connector"),
        ("rosterbus", "rosterbus itself is installed by pip"),
    ],
)
def test_what_names_no_connector_is_told(wanted: str, sentence: str):
    with pytest.raises(ConfigError) as caught:
        choose(catalogue_of(release()), wanted)
    assert sentence in str(caught.value)


def test_a_python_of_the_system_is_left_alone_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=Use the system's\n packages\n", encoding="utf-8"
    )
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)

    with pytest.raises(ConfigError, match=r"is managed by the system.*it says: Use the system's packages"):
        refuse_system_python()
