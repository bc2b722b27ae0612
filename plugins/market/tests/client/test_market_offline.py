"""What a connector needs from elsewhere is installed by its hash, from an index or from a mirror without any."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rosterbus.lock import read_lock

if TYPE_CHECKING:
    from conftest import Shop, Site


def test_a_mirror_gives_everything_without_the_marketplace_and_without_an_index(
    site: Site, shop: Shop, new_site: Callable[..., Site], elsewhere: Callable[..., str], tmp_path: Path
):
    sha256 = elsewhere("wordlist", "2.0")
    shop.publish("acme", "1.1", requires=["wordlist>=1"], closure=f"wordlist==2.0 --hash=sha256:{sha256}\n")
    index = {"UV_DEFAULT_INDEX": (tmp_path / "public").as_uri()}
    mirror = tmp_path / "mirror"

    ran = site.market("install", "acme", "--yes", **index)
    assert ran.code == 0, ran.err
    assert "with it, from the package index: wordlist 2.0" in ran.err
    [wordlist] = read_lock(site.project / "rosterbus.lock").versions("wordlist")
    assert dict(wordlist.files) == {"wordlist-2.0-py3-none-any.whl": sha256}
    ran = site.market("mirror", str(mirror), **index)
    assert ran.code == 0, ran.err
    shutil.rmtree(shop.site)
    shutil.rmtree(tmp_path / "public")
    nowhere = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/", "UV_NO_CACHE": "1"}
    other = new_site()
    ran = other.market("trust", str(mirror), "--fingerprint", shop.fingerprint, **nowhere)
    assert ran.code == 0, ran.err
    ran = other.market("install", "acme", "--yes", "--offline-from", str(mirror), **nowhere)
    assert ran.code == 0, ran.err
    assert list(other.packages.glob("wordlist-2.0*"))
    assert other.run("acme").out == "hello from acme 1.1\n"
    shutil.copy(site.project / "rosterbus.lock", other.project / "rosterbus.lock")
    shutil.rmtree(other.packages / "wordlist")
    assert "wordlist 2.0: wordlist/__init__.py is not as it was installed" in other.market("verify").out
    ran = other.market("verify", "--repair", "--offline-from", str(mirror), **nowhere)
    assert ran.code == 0, ran.err + ran.out
    ran = other.market("remove", "acme", "--json", **nowhere)
    assert ran.json == {"removed": ["rosterbus-acme", "wordlist"]}
    assert not list(other.packages.glob("wordlist*"))
