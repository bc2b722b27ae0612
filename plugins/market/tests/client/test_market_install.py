"""The road of an integrator: trust, install, run, with nothing of a plugin run before a person agreed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import uv
from rosterbus.lock import read_lock

if TYPE_CHECKING:
    from conftest import Shop, Site


def test_two_commands_trust_a_marketplace_and_install_from_it(site: Site):
    ran = site.market("install", "acme", "--yes")

    assert ran.code == 0, ran.err
    assert "hosts, declared: upload.acme.example.org" in ran.err
    assert "nobody has shown that it keeps its promises" in ran.err
    assert site.seen == []
    assert site.run("acme").out == "hello from acme 1.0\n"
    lock = read_lock(site.project / "rosterbus.lock")
    [acme] = lock.versions("rosterbus-acme")
    assert (acme.version, acme.origin, acme.requested) == ("1.0", "marketplace", True)
    assert acme.agreed.hosts == ("upload.acme.example.org",)


def test_nothing_is_installed_before_a_person_agreed(site: Site):
    ran = site.market("install", "acme")

    assert ran.code == 2
    assert "a person has to agree, and nobody is at a terminal here" in ran.err
    assert "rosterbus-acme 1.0: acme 1.0, extension" in ran.err
    assert not (site.project / "rosterbus.lock").exists()
    assert not list(site.packages.glob("rosterbus_acme*"))
    assert site.seen == []


def test_an_upgrade_is_shown_and_taken_back_without_the_marketplace(site: Site, shop: Shop):
    assert site.market("install", "acme", "--yes").code == 0
    shop.publish("acme", "1.1")
    shop.publish("beta", "2.0")

    assert "rosterbus-acme 1.0 -> 1.1" in site.market("outdated").out
    ran = site.market("upgrade", "acme", "--yes")
    assert ran.code == 0, ran.err
    assert "rosterbus-acme 1.1 (now 1.0)" in ran.err
    assert "What is new in 1.1" in ran.err
    assert site.market("install", "beta", "--yes").code == 0
    assert [site.run("acme").out, site.run("beta").out] == ["hello from acme 1.1\n", "hello from beta 2.0\n"]
    shutil.rmtree(shop.site)
    ran = site.market("rollback", "--yes")
    assert ran.code == 0, ran.err
    assert site.run("beta").code == 2
    assert site.market("rollback", "--yes").code == 0
    assert site.run("acme").out == "hello from acme 1.0\n"
    assert "no earlier lock" in site.market("rollback", "--yes").err


def test_what_is_withdrawn_is_refused_from_the_moment_that_it_is_seen(site: Site, shop: Shop):
    assert site.market("install", "acme", "--yes").code == 0
    shop.withdraw("acme", "1.0", "it sends names to a stranger")

    assert site.run("acme").code == 0
    ran = site.market("outdated")
    assert ran.code == 5
    assert "rosterbus-acme 1.0 WITHDRAWN: it sends names to a stranger" in ran.out
    seen = len(site.seen)
    assert site.run("acme").code == 2
    assert "it sends names to a stranger" in site.run("connectors").out
    assert len(site.seen) == seen
    ran = site.market("install", "acme", "--yes")
    assert "every release of rosterbus-acme was withdrawn: it sends names to a stranger" in ran.err


def test_changed_files_are_found_and_repaired_from_the_store(site: Site, shop: Shop):
    assert site.market("install", "acme", "--yes").code == 0
    assert site.market("verify").code == 0, site.market("verify").out
    shutil.rmtree(shop.site)
    code = site.packages / "rosterbus_acme" / "__init__.py"
    code.write_text(f"{code.read_text(encoding='utf-8')}\n", encoding="utf-8")

    ran = site.market("verify")
    assert ran.code == 1
    assert "rosterbus-acme 1.0: rosterbus_acme/__init__.py is not as it was installed" in ran.out
    assert "are not those that the lock names" in site.run("acme").err
    assert site.seen == []
    ran = site.market("verify", "--repair")
    assert ran.code == 0, ran.err
    assert site.run("acme").code == 0


def test_an_installation_that_was_interrupted_is_completed(site: Site):
    assert site.market("install", "acme", "--yes").code == 0
    state = site.project / ".rosterbus" / "market"
    (site.project / "rosterbus.lock").rename(state / "pending.lock")
    subprocess.run(
        [uv.find_uv_bin(), "pip", "uninstall", "--python", str(site.python), "rosterbus-acme"],
        check=True,
        timeout=60,
    )

    ran = site.market("verify", "--repair")
    assert ran.code == 0, ran.err
    assert site.run("acme").code == 0
    assert not (state / "pending.lock").exists()


def test_another_person_gets_exactly_what_the_lock_says(
    site: Site, shop: Shop, new_site: Callable[..., Site]
):
    shop.publish("beta", "2.0")
    assert site.market("install", "acme", "--yes").code == 0
    other = new_site()
    assert other.market("trust", str(shop.site), "--fingerprint", shop.fingerprint).code == 0
    assert other.market("install", "beta", "--yes").code == 0
    shop.publish("acme", "1.1")
    shutil.copy(site.project / "rosterbus.lock", other.project / "rosterbus.lock")

    ran = other.market("install", "--locked", "--yes")
    assert ran.code == 0, ran.err
    assert other.run("acme").out == "hello from acme 1.0\n"
    assert not list(other.packages.glob("rosterbus_beta*"))


def test_a_connector_is_removed_with_what_only_it_needed(site: Site, shop: Shop):
    shop.publish("beta", "2.0", requires=["rosterbus-acme>=1.0"])
    assert site.market("install", "beta", "--yes").code == 0
    assert site.market("remove", "acme").code == 2
    shutil.rmtree(shop.site)

    ran = site.market("remove", "beta", "--json")
    assert ran.code == 0, ran.err
    assert ran.json == {"removed": ["rosterbus-acme", "rosterbus-beta"]}
    assert not list(site.packages.glob("rosterbus_*"))
    assert [
        one.origin for one in read_lock(site.project / "rosterbus.lock").packages if one.origin != "core"
    ] == []
