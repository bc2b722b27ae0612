"""The publisher's commands: from no keys to a withdrawn release, as people type them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosterbus.cli import command_line
from rosterbus_market.cli import COMMANDS


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs `rosterbus market ...` and answers with its exit code and what it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        code = command_line(["market", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_a_marketplace_is_made_of_keys_and_wheels_and_a_release_withdrawn(
    tmp_path: Path, draft: Callable[..., Any], said: Callable[..., tuple[int, str]]
):
    keys, site = tmp_path / "keys", tmp_path / "site"
    code, text = said("keys", "new", keys, "--people", "ann,ben", "--no-passphrase")
    assert code == 0
    assert "2 of ann, ben" in text
    assert "Keep it off the network" in text
    assert "the keys have no passphrase" in text

    wheel = draft().write(tmp_path / "one")
    code, text = said("build", wheel, "--out", site, "--keys", keys, "--no-closure", "--title", "District")
    assert code == 0
    assert "signed by ann, ben" in text

    second = draft(version="1.1").write(tmp_path / "two")
    code, text = said("publish", second, "--to", site, "--keys", keys, "--no-closure", "--yes")
    assert code == 0
    assert "declares that it talks to: upload.example.org" in text
    assert "no certificate lies beside it" in text

    reason = "it sends too much"
    code, text = said("withdraw", "acme==1.1", "--to", site, "--keys", keys, "--reason", reason, "--yes")
    assert code == 0
    assert reason in text

    code, text = said("refresh", site, "--keys", keys)
    assert code == 0
    assert "timestamp: signed until" in text
    code, text = said("keys", "rotate", "--keys", keys, "--days", "timestamp=1")
    assert code == 0
    assert "root 2 holds, signed by ann, ben" in text
    code, text = said("keys", "show", keys)
    assert (code, "timestamp: 1 of machine; 1 days" in text) == (0, True)


def test_nothing_is_published_without_a_yes(
    shop: Any,
    tmp_path: Path,
    draft: Callable[..., Any],
    said: Callable[..., tuple[int, str]],
    monkeypatch: Any,
):
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(__import__("click").Abort()))
    wheel = draft(version="1.1").write(tmp_path)

    code, _ = said("publish", wheel, "--to", shop.site, "--keys", shop.keys.folder, "--no-closure")
    assert code == 130
    code, _ = said("withdraw", "acme==1.0", "--to", shop.site, "--keys", shop.keys.folder, "--reason", "why")
    assert code == 130
    assert [one.withdrawn for one in shop.catalogue.entry("acme").releases] == [None]


def test_a_stage_goes_from_one_person_to_the_other_and_back(
    shop: Any, tmp_path: Path, draft: Callable[..., Any], said: Callable[..., tuple[int, str]]
):
    stage, keys = tmp_path / "stage", shop.keys.folder
    wheel = draft(version="1.1").write(tmp_path)
    away = tmp_path / "away"
    away.mkdir()
    for path in keys.glob("ben.*.pem"):
        path.rename(away / path.name)

    code, text = said("publish", wheel, "--to", shop.site, "--keys", keys, "--no-closure", "--stage", stage)
    assert code == 0
    assert "on the machine of ben" in text
    for path in away.iterdir():
        path.rename(keys / path.name)
    code, text = said("keys", "sign", stage, "--keys", keys, "--against", shop.site, "--yes")
    assert code == 0
    assert "new: rosterbus-acme 1.1" in text
    assert "signed by ann, ben" in text
    code, text = said("publish", stage, "--to", shop.site, "--keys", keys, "--yes")
    assert code == 0
    assert shop.catalogue.entry("acme").newest.version == "1.1"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("keys", "new", "k", "--people", "ann", "--no-passphrase"), "so many of them cannot sign"),
        (("keys", "show", "nowhere"), "`rosterbus market keys new` makes one"),
        (("build", "--out", "site", "--keys", "nowhere"), "name at least one wheel"),
        (("refresh", ".", "--keys", "nowhere"), "there is no root"),
        (("withdraw", "acme", "--to", "s", "--keys", "k", "--reason", "r"), "NAME==VERSION"),
    ],
)
def test_a_wrong_command_says_what_is_right(
    arguments: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    said: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)

    code, text = said(*arguments)

    assert code == 2
    assert sentence in text


@pytest.mark.parametrize("name", ["keys", "build", "publish", "withdraw", "refresh", "mirror"])
def test_every_publishers_command_explains_itself(name: str, said: Callable[..., tuple[int, str]]):
    code, text = said(name, "--help")

    assert code == 0
    assert len(text.splitlines()) > 8
    assert name in COMMANDS
