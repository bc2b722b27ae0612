"""A marketplace whose files are not what its people signed is refused, each time with a sentence of its own."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus_market.issuing import Place
from rosterbus_market.key_folder import DAYS, new_keys
from rosterbus_market.passphrases import Passphrases
from rosterbus_market.publishing import Wheels, build
from rosterbus_market.refusals import SiteRefusedError
from rosterbus_market.state import MarketState
from rosterbus_market.verified import Marketplace, newest_known

if TYPE_CHECKING:
    from conftest import Shop

NewShop = Callable[..., Any]
Served = Callable[..., str]


@pytest.fixture
def state(tmp_path: Path) -> MarketState:
    return MarketState(tmp_path / "market", tmp_path / "rosterbus.lock")


@pytest.fixture
def trusting(state: MarketState) -> Callable[[Shop], Marketplace]:
    """The marketplace of a shop, from its first root."""

    def trust(shop: Shop) -> Marketplace:
        state.folder.mkdir(exist_ok=True)
        shutil.copy(shop.site / "metadata" / "1.root.json", state.root)
        return Marketplace(state, str(shop.site))

    return trust


@pytest.fixture
def new_shop(tmp_path: Path, shop: Shop) -> Callable[..., Shop]:
    """A function that makes another marketplace, of these people, whose signatures hold for these days."""

    def make(*people: str, threshold: int = 1, days: dict[str, int] | None = None) -> Shop:
        folder = tmp_path / f"other-{len(list(tmp_path.iterdir()))}"
        keys = new_keys(
            folder / "keys",
            people or ["bo"],
            threshold=threshold,
            passphrases=Passphrases(none=True),
            days={**DAYS, **(days or {})},
        )
        made = type(shop)(Place(folder / "site", keys), shop.wheels)
        build(Wheels([next(shop.wheels.glob("*.whl"))]), made.place, closure=False)
        return made

    return make


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A function that serves a folder, or answers everything with one status, on this machine."""
    servers: list[ThreadingHTTPServer] = []

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    def serve(folder: Path, *, status: int = 0, headers: dict[str, str] | None = None) -> str:
        class Same(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        handler = Same if status else functools.partial(Files, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def unsign(path: Path, *, left: int = 0) -> None:
    values = json.loads(path.read_text(encoding="utf-8"))
    values["signatures"] = values["signatures"][:left]
    path.write_text(json.dumps(values), encoding="utf-8")


def test_a_marketplace_is_verified_over_the_web_as_from_a_folder(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState, served: Served
):
    trusting(shop)
    market = Marketplace(state, served(shop.site))

    catalogue = market.refresh()
    [release] = catalogue.entries[0].releases
    assert market.wheel(release).read_bytes() == next(shop.wheels.glob("*.whl")).read_bytes()


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("timestamp", "nobody has signed lately that this is its newest state"),
        ("snapshot", "its `snapshot` has expired"),
        ("targets", "its `targets` has expired"),
        ("root", "its `root` has expired"),
    ],
)
def test_what_has_expired_is_refused(
    new_shop: NewShop, trusting: Callable[..., Marketplace], role: str, sentence: str
):
    market = trusting(new_shop(days={role: -1}))

    with pytest.raises(SiteRefusedError, match=sentence):
        market.refresh()


def test_an_old_state_that_is_shown_again_is_refused(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState, tmp_path: Path
):
    trusting(shop)
    shutil.copytree(shop.site, tmp_path / "old")
    shop.publish("acme", "1.1")
    Marketplace(state, str(shop.site)).refresh()

    with pytest.raises(SiteRefusedError, match="it shows an older state than the one seen before"):
        Marketplace(state, str(tmp_path / "old")).refresh()
    assert state.catalogue().entries[0].releases[0].version == "1.1"


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_missing_signature_is_told(shop: Shop, trusting: Callable[..., Marketplace], role: str):
    market = trusting(shop)
    unsign(shop.site / "metadata" / f"{role}.json")

    with pytest.raises(SiteRefusedError, match=f"`{role}` has no signature of a key that its root names"):
        market.refresh()


def test_one_signature_of_two_is_not_enough(new_shop: NewShop, trusting: Callable[..., Marketplace]):
    other = new_shop("bo", "cy", threshold=2)
    market = trusting(other)
    unsign(other.site / "metadata" / "targets.json", left=1)

    with pytest.raises(
        SiteRefusedError, match="`targets` needs the signatures of 2 keys, and 1 key has signed"
    ):
        market.refresh()


@pytest.mark.parametrize("name", ["catalogue.json", "closure.txt"])
def test_a_changed_byte_is_found(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState, name: str
):
    market = trusting(shop)
    path = shop.site / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")

    with pytest.raises(SiteRefusedError, match=f"{name} is not what was signed: bytes of it were changed"):
        market.refresh()
    assert not (state.folder / "catalogue.json").exists()


def test_a_wheel_of_the_same_name_with_other_bytes_is_not_kept(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState
):
    market = trusting(shop)
    [release] = market.refresh().entries[0].releases
    path = shop.site / "packages" / release.wheel
    path.write_bytes(bytes(reversed(path.read_bytes())))

    with pytest.raises(SiteRefusedError, match="is not what was signed"):
        market.wheel(release)
    assert not state.wheel(release.sha256, release.wheel).exists()


def test_another_marketplace_at_the_same_place_is_named_as_such(
    shop: Shop, new_shop: NewShop, trusting: Callable[..., Marketplace]
):
    market = trusting(shop)
    other = new_shop()
    shutil.rmtree(shop.site)
    shutil.copytree(other.site, shop.site)

    with pytest.raises(
        SiteRefusedError, match=f"another root than the one you trusted, .* {other.fingerprint}; ask"
    ):
        market.refresh()


def test_what_is_no_metadata_at_all_is_told(shop: Shop, trusting: Callable[..., Marketplace]):
    market = trusting(shop)
    (shop.site / "metadata" / "timestamp.json").write_text("{}", encoding="utf-8")

    with pytest.raises(SiteRefusedError, match="its metadata cannot be read"):
        market.refresh()


@pytest.mark.parametrize(
    ("status", "headers", "error", "sentence"),
    [
        (
            302,
            {"Location": "http://127.0.0.1:9/"},
            ConnectorError,
            "answered 302, and redirects are not followed",
        ),
        (404, {}, ConnectorError, "does not give its signed metadata"),
        (503, {}, RetriableError, "answered 503; try again later"),
    ],
)
def test_a_server_that_gives_nothing_is_told_apart_from_one_that_lies(
    shop: Shop,
    trusting: Callable[..., Marketplace],
    state: MarketState,
    served: Served,
    status: int,
    headers: dict[str, str],
    error: type[Exception],
    sentence: str,
):
    trusting(shop)
    market = Marketplace(state, served(shop.site, status=status, headers=headers))

    with pytest.raises(error, match=sentence):
        market.refresh()


def test_what_was_verified_last_is_shown_while_the_marketplace_is_away(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState, served: Served
):
    newest = trusting(shop).refresh()
    away = Marketplace(state, served(shop.site, status=503))

    catalogue, why = newest_known(state, away)
    assert catalogue == newest
    assert "this is what was verified last" in why


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://market.example.org", "not read over plain HTTP"),
        ("https://ann:secret@market.example.org", "a secret may not stand in the URL"),
        ("ftp://market.example.org", "from a folder or over HTTPS"),
        ("file://server/share", "names no other machine"),
        ("nowhere/at/all", "there is no such folder"),
    ],
)
def test_a_location_that_no_marketplace_can_have_is_refused(state: MarketState, location: str, sentence: str):
    with pytest.raises(ConfigError, match=sentence) as caught:
        Marketplace(state, location)
    assert "secret@" not in str(caught.value)


def test_trust_needs_the_fingerprint_or_a_person_at_a_terminal(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)

    assert command_line(["market", "trust", str(shop.site)]) == 2
    said = capsys.readouterr().err
    assert f"fingerprint: {shop.fingerprint}" in said
    assert "to publish: 1 of ann have to sign" in said
    assert "nobody is at a terminal to compare the fingerprint" in said
    assert command_line(["market", "trust", str(shop.site), "--fingerprint", "0" * 64]) == 5
    assert "has another fingerprint than the one you gave" in capsys.readouterr().err
    assert not (tmp_path / ".rosterbus" / "market" / "trust.json").exists()
    assert command_line(["market", "search"]) == 2
    assert "this project trusts no marketplace yet" in capsys.readouterr().err
    assert (
        command_line(["market", "trust", str(shop.site), "--fingerprint", f"SHA256:{shop.fingerprint}"]) == 0
    )


def test_a_marketplace_that_does_not_verify_takes_no_place_of_the_one_that_does(
    shop: Shop,
    new_shop: NewShop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert command_line(["market", "trust", str(shop.site), "--fingerprint", shop.fingerprint]) == 0
    bad = new_shop(days={"timestamp": -1})

    assert command_line(["market", "trust", str(bad.site), "--fingerprint", bad.fingerprint]) == 1
    capsys.readouterr()
    assert command_line(["market", "search", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["connectors"]
    assert [one["name"] for one in found] == ["acme"]


def test_a_server_that_drips_ends_when_its_time_is_over(
    shop: Shop, trusting: Callable[..., Marketplace], state: MarketState, monkeypatch: pytest.MonkeyPatch
):
    """Each drop comes in time, and the whole would never end."""
    trusting(shop)
    monkeypatch.setattr("rosterbus_market.fetching.AT_MOST", 0.3)
    done = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not done.wait(0.02):
                    self.wfile.write(b" ")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(RetriableError, match="less than the whole file in"):
            Marketplace(state, f"http://127.0.0.1:{server.server_port}").refresh()
    finally:
        done.set()
        server.shutdown()
        server.server_close()
