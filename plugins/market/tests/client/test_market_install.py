"""The road of an integrator: trust, install, run, with nothing of a plugin run before a person agreed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rosterbus.lock import read_lock

if TYPE_CHECKING:
    from conftest import Shop, Site


def test_two_commands_trust_a_marketplace_and_install_from_it(site: Site):
    ran = site.market("install", "acme", "--yes")

    assert ran.code == 0, ran.err
    assert "upload.acme.example.org" in ran.err
    assert site.seen == []
    assert site.run("acme").out == "hello from acme 1.0\n"
    lock = read_lock(site.project / "rosterbus.lock")
    [acme] = lock.versions("rosterbus-acme")
    assert (acme.version, acme.origin, acme.requested) == ("1.0", "marketplace", True)
    assert acme.agreed.hosts == ("upload.acme.example.org",)
