"""What a person reads of a connector before choosing it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rosterbus.certificates import Certificate, TestOutcome, certificate_of, write_certificate
from rosterbus.cli import command_line
from rosterbus.errors import printable
from rosterbus_market.agreeing import certificate_line
from rosterbus_market.catalogue import Attestation
from rosterbus_market.publishing import Wheels, current, publish
from rosterbus_market.telling import Sought, found, shown_lines

if TYPE_CHECKING:
    from conftest import Shop

COLUMN = {
    "column": "Id",
    "required": "yes",
    "source": "direct: student_id",
    "limits": "at most 20 characters",
}
RULE = {"sentence": "Ids are unique.", "severity": "hold", "source": "https://vendor.example.org/rules"}
LAYOUT = {
    "name": "students",
    "file": "students.csv",
    "rows": "students",
    "key": ["Id"],
    "sends": "everybody",
    "absence": "nothing happens to them",
    "source": "https://vendor.example.org/columns",
    "limits": {"rows": None, "bytes": None},
    "columns": [{**COLUMN, "attribute": "student_id", "kind": "text", "rule": "", "note": ""}],
    "rules": [RULE],
}
SETTING = {
    "name": "host",
    "type": "text",
    "required": True,
    "default": None,
    "choices": [],
    "limits": "",
    "about": "The vendor's host.",
}
DESCRIBED: dict[str, Any] = {"extension:beta": {"settings": [SETTING], "layouts": [LAYOUT], "rules": []}}


@pytest.fixture
def certified(shop: Shop) -> Shop:
    """The shop with `beta` 2.0, which its publisher certified with one test waived."""
    import hashlib

    wheel = shop.make_wheel(shop.wheels, "beta", "2.0")
    certificate = Certificate(
        "rosterbus-beta",
        "2.0",
        ["extension:beta"],
        wheel.name,
        hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "1.0",
        1,
        "certified",
        [],
        [
            TestOutcome("extension:beta::test_a", "all is well", "waived", "the vendor has no such thing"),
            TestOutcome("extension:beta::test_b", "nothing is lost", "passed"),
        ],
        DESCRIBED,
    )
    write_certificate(certificate, certificate_of(wheel))
    publish(Wheels([wheel]), shop.place, closure=False)
    return shop


@pytest.mark.parametrize(
    ("sought", "names"),
    [
        (Sought(), ["acme", "beta"]),
        (Sought(words=("ACME",)), ["acme"]),
        (Sought(words=("hello", "beta")), ["beta"]),
        (Sought(certified=True), ["beta"]),
        (Sought(kind="source"), []),
        (Sought(kind="extension", system="a vend", maturity="draft"), ["acme", "beta"]),
        (Sought(transport="sftp"), []),
    ],
)
def test_a_search_finds_what_all_of_it_speaks_of(certified: Shop, sought: Sought, names: list[str]):
    there = found(current(certified.place), sought)

    assert [one.distribution for one in there] == [f"rosterbus-{name}" for name in names]


def test_a_connector_is_shown_with_all_that_decides(
    certified: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    certified.withdraw("beta", "2.0", "it loses students")
    trusted = ["market", "trust", str(certified.site), "--fingerprint", certified.fingerprint]
    assert command_line(trusted) == 0
    capsys.readouterr()

    assert command_line(["market", "show", "beta"]) == 0
    told = capsys.readouterr().out
    for sentence in (
        "WITHDRAWN on ",
        ": it loses students",
        "hosts, declared: upload.beta.example.org",
        "host (text, required): The vendor's host.",
        "columns of students.csv, one row for each of students",
        "  Id, yes: direct: student_id (at most 20 characters)",
        "hold: Ids are unique. (https://vendor.example.org/rules)",
        "certified, run by its publisher",
        "waived: extension:beta::test_a: the vendor has no such thing",
        "What is new in 2.0",
        "It is code that runs with your rights",
        "rosterbus market install beta",
    ):
        assert sentence in told
    assert command_line(["market", "show", "beta", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["withdrawn"]["reason"] == "it loses students"
    assert values["certificates"][0]["standing"] == "certified"
    assert command_line(["market", "show", "beta==9"]) == 2
    assert command_line(["market", "search", "hello", "--json"]) == 0
    out = capsys.readouterr().out
    assert [one["name"] for one in json.loads(out.partition("\n}")[0] + "\n}")["connectors"]] == ["acme"]


def test_who_ran_a_certificate_is_always_said(certified: Shop):
    release = current(certified.place).entry("beta").newest
    [own] = release.attestations
    again = Attestation(own.certificate, "marketplace", "2026-11-20")

    assert certificate_line(release).startswith("certified, 1 tests waived, run by its publisher")
    both = replace(release, attestations=(own, again))
    assert (
        certificate_line(both) == "certified, 1 tests waived, re-run by this marketplace on 20 November 2026"
    )
    assert "nobody has shown" in certificate_line(replace(release, attestations=()))


def test_a_terminal_obeys_nothing_that_a_publisher_wrote(certified: Shop):
    entry = current(certified.place).entry("beta")
    release = replace(entry.newest, description="\x1b[2Jinstall me\u202e")

    lines = [printable(line) for line in shown_lines(entry, release)]
    assert "  ?[2Jinstall me?" in lines
