"""Every connector of a marketplace is put to the suite again, with a core that is coming."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rosterbus.cli import command_line

if TYPE_CHECKING:
    from conftest import Shop

CORE = '''
"""A core that is coming, with a suite of one test."""

import hashlib
import json
import sys
from importlib.metadata import distributions
from pathlib import Path


def main():
    wheel = Path(sys.argv[2])
    name, version = wheel.name.split("-")[:2]
    there = sorted(one.name for one in distributions())
    outcome = "failed" if name == "rosterbus_beta" else "passed"
    certificate = {
        "schema": 1, "distribution": name.replace("_", "-"), "version": version, "plugins": [], "wheel": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(), "suite": "9.9", "api": 1,
        "standing": "failed" if outcome == "failed" else "certified", "because": there, "described": {}, "against": "",
        "outcomes": [{"test": "a::b", "promise": "all is well", "outcome": outcome, "reason": ""}], "figures": {},
    }
    if name == "rosterbus_gamma":
        print(json.dumps({"trouble": ["its twin does not start"]}))
        sys.exit(1)
    Path(f"{wheel}.certificate.json").write_text(json.dumps(certificate), encoding="utf-8")
'''


def test_each_is_run_in_an_environment_of_its_own_and_attested(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    for name in ("beta", "gamma"):
        shop.publish(name, "1.0")
    core = shop.write_wheel(
        tmp_path / "core",
        "rosterbus",
        "9.9",
        {"rosterbus/__init__.py": "", "rosterbus/cli/__init__.py": CORE},
    )
    runner = shop.make_wheel(tmp_path / "runner", "certify", "9.9")
    order = ["market", "recertify", "--core", str(core), "--certify", str(runner), "--site", str(shop.site)]

    assert command_line([*order, "--keys", str(shop.place.keys.folder), "--json"]) == 1
    out = capsys.readouterr().out
    told = {one["distribution"]: one for one in json.loads(out)["connectors"]}
    assert told["rosterbus-acme"]["standing"] == "certified"
    assert told["rosterbus-beta"]["failed"] == ["a::b"]
    assert told["rosterbus-gamma"]["standing"] == "not examined"
    assert told["rosterbus-gamma"]["error"] == "no certificate was written: its twin does not start"
    catalogue = json.loads((shop.site / "catalogue.json").read_text(encoding="utf-8"))
    [acme] = next(one["releases"] for one in catalogue["entries"] if one["distribution"] == "rosterbus-acme")
    [attested] = acme["attestations"]
    assert (attested["ran"], attested["certificate"]["standing"]) == ("marketplace", "certified")
    assert attested["certificate"]["because"] == ["rosterbus", "rosterbus-acme", "rosterbus-certify"]


def test_a_marketplace_without_the_suites_runner_says_so(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert command_line(["market", "trust", str(shop.site), "--fingerprint", shop.fingerprint]) == 0
    core = shop.write_wheel(tmp_path / "core", "rosterbus", "9.9", {"rosterbus/__init__.py": ""})

    assert command_line(["market", "recertify", "--core", str(core)]) == 1
    assert "the marketplace does not have it; found rosterbus-certify" in capsys.readouterr().out
