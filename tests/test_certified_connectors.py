"""Certificates of this repository's wheels, and `rosterbus certify` over one of them: by its twin, and by a sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tomllib
from pathlib import Path

import pytest
import tomli_w
from rosterbus.certificates import certificate_of, read_certificate
from rosterbus.cli import command_line
from rosterbus.rehearsing import start_twin
from rosterbus.secrets import SecretReference

ROOT = Path(__file__).parents[1]
SAMEGOAL = ROOT / "connectors" / "samegoal"
DIST = ROOT / "dist"
DISTRIBUTIONS = sorted(
    str(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"])
    for kind in ("connectors/*", "plugins/*", "cookiecutter-connector")
    for path in ROOT.glob(f"{kind}/pyproject.toml")
)
every_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)
DRAFTS: dict[str, str] = {}
"""The distributions that are drafts, and what of their vendors is not known yet; the others are certified."""
WAIVED = {
    "rosterbus-great-minds": {
        "destination:great-minds::TestGreatMindsUploads::test_a_change_is_delivered_as_a_change"
    }
}
"""What a distribution does not promise: each one was read by somebody who understood its reason."""
CASES = ("test_its_card_is_complete", "test_a_roster_is_delivered_once_and_every_row_is_accounted_for")


@pytest.fixture(scope="module")
def certificates():
    """The certificates of the wheels in dist/, by distribution, which are looked at and not made again."""
    found = [
        (wheel, read_certificate(certificate_of(wheel)))
        for wheel in DIST.glob("*.whl")
        if certificate_of(wheel).is_file()
    ]
    if not found:
        pytest.skip("nothing in dist/ is certified; `uv run tox` certifies every wheel")
    return {
        one.distribution: one
        for wheel, one in found
        if one.sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()
    }


@every_distribution
def test_every_wheel_holds_a_certificate_that_stands_as_expected(certificates, name):
    assert name in certificates, (
        f"no certificate is of the wheel in dist/; run: uv run tox run -e {tox(name)}"
    )
    certificate = certificates[name]

    assert certificate.standing == ("draft" if name in DRAFTS else "certified"), certificate.because
    assert not certificate.against
    assert {one.outcome for one in certificate.outcomes} <= {"passed", "waived", "not applicable"}


@every_distribution
def test_every_waiver_was_read_and_says_to_a_stranger_why(certificates, name):
    if name not in certificates:
        pytest.skip("it holds no certificate, which another test says")
    waivers = certificates[name].waivers

    assert {one.test for one in waivers} == WAIVED.get(name, set())
    assert [one.test for one in waivers if len(one.reason.split()) < 6] == []


def tox(name):
    return name.removeprefix("rosterbus-")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """What `--fast` says of two tests of SameGoal's connector, and the wheel that was built for that."""
    out = tmp_path_factory.mktemp("out")
    cases = [word for case in CASES for word in ("--case", f"destination:samegoal::{case}")]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = command_line(["certify", str(SAMEGOAL), "--fast", "--out", str(out), *cases, "--json"])
    [wheel] = out.glob("*.whl")
    return code, json.loads(said.getvalue()), wheel


@pytest.fixture
def wheel(built):
    return built[-1]


@pytest.fixture
def sandbox(tmp_path):
    """A running SameGoal that is nobody's twin for the suite, and a way to write the settings that lead there."""
    twin = start_twin("samegoal", tmp_path / "vendor", {})

    def write(**more):
        settings = {name: written(value) for name, value in twin.settings.items() if value is not None}
        path = tmp_path / "sandbox.toml"
        path.write_text(tomli_w.dumps({**more, "settings": settings}), encoding="utf-8")
        return path

    yield twin, write
    twin.stop()


def written(value):
    return {value.kind: value.name} if isinstance(value, SecretReference) else value


def certify(capsys, *arguments):
    code = command_line(["certify", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_part_of_the_suite_over_a_real_connector_finds_nothing_wrong_and_gives_no_certificate(built):
    code, told, wheel = built

    assert (code, told["failed"], told["trouble"], told["standing"]) == (0, [], [], "passed")
    assert (told["certificate"], list(wheel.parent.glob("*.json"))) == (None, [])


def test_a_sandbox_is_only_looked_at_where_its_file_allows_no_more(capsys, wheel, sandbox):
    twin, write = sandbox

    code, told = certify(capsys, wheel, "--against", write())

    certificate = read_certificate(Path(told["certificate"]))
    assert (code, certificate.standing, certificate.against) == (0, "draft", "sandbox.toml")
    assert "a part of the suite only" in certificate.because[0]
    assert "destination:samegoal::test_a_probe_changes_nothing" in {one.test for one in certificate.outcomes}
    assert Path(told["certificate"]).name == f"{wheel.name}.against.json"
    assert not wheel.with_name(f"{wheel.name}.certificate.json").exists()
    assert list(twin.settle()) == []


def test_nothing_is_sent_to_a_sandbox_without_a_yes(capsys, wheel, sandbox):
    twin, write = sandbox

    code, told = certify(capsys, wheel, "--against", write(deliver=True))

    assert (code, "say so with --yes" in told["error"]) == (2, True)
    assert list(twin.settle()) == []


def test_the_village_is_delivered_to_a_sandbox_after_it_was_shown(capsys, wheel, sandbox):
    twin, write = sandbox

    code = command_line(["certify", str(wheel), "--against", str(write(deliver=True)), "--yes"])

    said = capsys.readouterr().out
    assert code == 0, said
    assert "as a delivery, with people who are all made up" in said
    assert "test_the_sandbox_takes_a_delivery" in said
    assert len(twin.settle()) == 1


def test_a_sandbox_that_takes_no_delivery_fails(capsys, wheel, sandbox):
    twin, write = sandbox
    path = write(deliver=True)
    twin.stop()

    code, told = certify(capsys, wheel, "--against", path, "--yes")

    assert (code, told["certificate"]) == (1, None)
    assert "destination:samegoal::test_the_sandbox_takes_a_delivery" in told["failed"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("deliver = 1", "allowed: true or false"),
        ("delivers = true", "there is no such key"),
        ("test_files = true", "takes no test files"),
        ('[settings]\nprivate_key = "zqsliteral"', "a secret"),
    ],
)
def test_a_settings_file_that_is_wrong_is_told(capsys, wheel, tmp_path, text, sentence):
    path = tmp_path / "sandbox.toml"
    path.write_text(text, encoding="utf-8")

    code, told = certify(capsys, wheel, "--against", path)

    assert (code, sentence in told["error"]) == (2, True), told["error"]
    assert "zqsliteral" not in told["error"]
