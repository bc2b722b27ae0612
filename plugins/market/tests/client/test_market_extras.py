"""Extras are asked for by name, come from what was signed, and stay until the connector goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.lock import read_lock

if TYPE_CHECKING:
    from conftest import Shop, Site


def test_an_extra_is_installed_locked_and_kept_by_what_is_installed_later(
    site: Site, shop: Shop, elsewhere: Callable[..., str], tmp_path: Path
):
    sha256 = elsewhere("wordlist", "2.0")
    closure = f"wordlist==2.0 --hash=sha256:{sha256}\n"
    shop.publish("acme", "1.1", requires=['wordlist>=1; extra == "words"'], closure=closure)
    shop.publish("beta", "2.0")
    index = {"UV_DEFAULT_INDEX": (tmp_path / "public").as_uri()}

    assert site.market("install", "acme", "--yes", **index).code == 0
    assert not list(site.packages.glob("wordlist*"))
    ran = site.market("install", "acme[words]", "--yes", **index)
    assert ran.code == 0, ran.err
    assert list(site.packages.glob("wordlist-2.0*"))
    assert site.market("install", "beta", "--yes", **index).code == 0
    [acme] = read_lock(site.project / "rosterbus.lock").versions("rosterbus-acme")
    assert (acme.extras, acme.requested) == (("words",), True)
    assert list(site.packages.glob("wordlist-2.0*"))
    assert "wordlist" in site.market("remove", "acme", "--json").json["removed"]


def test_an_extra_that_is_not_there_is_refused_with_those_that_are(site: Site, shop: Shop):
    shop.publish("acme", "1.1", requires=['wordlist>=1; extra == "words"'])

    ran = site.market("install", "acme[wrods]", "--yes")

    assert ran.code == 2
    assert "has no such extra; found `wrods`; allowed: words" in ran.err
