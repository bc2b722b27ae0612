"""Whatever keeps the suite from proving something is told, and never certified."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import rosterbus_certify.examining
from rosterbus.certificates import certificate_of, read_certificate
from rosterbus.cli import command_line

CARD_TEST = "extension:toy::test_its_card_is_complete"
ALONE = ("--case", CARD_TEST)
QUICK = ("--case", "extension:toy::test_a_waiver_names_a_test_and_gives_its_reason")
"""The cheapest case there is, where it is all the same which one runs."""


def test_a_toy_that_keeps_every_promise_is_certified(toy, certify):
    made = toy()

    code, told = certify(made.folder)

    assert (code, told["standing"], told["failed"]) == (0, "certified", [])
    certificate = read_certificate(Path(told["certificate"]))
    assert certificate.wheel == "rosterbus_toy-1.0-py3-none-any.whl"
    assert (certificate.distribution, certificate.plugins) == ("rosterbus-toy", ["extension:toy"])
    assert {one.outcome for one in certificate.outcomes} == {"passed"}
    assert CARD_TEST in {one.test for one in certificate.outcomes}
    assert all(one.promise for one in certificate.outcomes)


def test_the_same_folder_gives_the_same_certificate_but_for_its_figures_however_many_share_its_tests(
    toy, certify
):
    made = toy()
    made.declare('ability = Ability(waived={"test_its_card_is_complete": "toys have no titles here"})')
    made.spoil()
    written = [
        Path(certify(made.folder, "--out", made.folder / str(n), "-n", n)[1]["certificate"]) for n in (1, 2)
    ]
    one, other = (json.loads(path.read_text(encoding="utf-8")) for path in written)

    assert one.pop("figures")
    assert other.pop("figures")
    assert one == other
    certificate = read_certificate(written[1])
    assert [(one.test, one.reason) for one in certificate.waivers] == [
        (CARD_TEST, "toys have no titles here")
    ]
    assert certificate.standing == "certified"


def test_processes_that_share_the_tests_run_each_once_and_begin_with_what_is_slow(toy, certify, tmp_path):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _noting(self, request):\n"
        f"    with open({str(tmp_path)!r} + '/' + str(os.getpid()), 'a') as log:\n"
        "        log.write(request.node.name + '\\n')"
    )
    text = (made.package / "conformance.py").read_text(encoding="utf-8")
    made.write("conformance.py", text + "\nConnectorContract.test_its_card_is_complete.slow = True\n")

    code, _ = certify(made.wheel(), "-n", "2")

    ran = sorted((path.read_text().split() for path in tmp_path.iterdir() if path.is_file()), key=len)
    assert (code, ran[0], len(ran)) == (0, ["test_its_card_is_complete"], 2)
    assert len(set(ran[1])) == len(ran[1]) > 5
    assert "test_its_card_is_complete" not in ran[1]


def test_a_process_that_dies_takes_the_tests_of_no_other_with_it(toy, certify):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _dying(self, request):\n"
        "    if request.node.name == 'test_no_test_of_the_contract_is_overridden':\n"
        "        os._exit(0)"
    )
    made.spoil()

    code, told = certify(made.wheel(), "-n", "2")

    died = "extension:toy::test_no_test_of_the_contract_is_overridden"
    assert (code, told["certificate"]) == (1, None)
    assert told["failed"] in ([died], [CARD_TEST, died])
    assert "more were not run" in told["trouble"][0]


def test_it_is_the_wheel_that_is_tested_and_not_what_lies_in_its_folder(toy, certify):
    made = toy()
    wheel = made.wheel()
    made.spoil()

    assert certify(wheel, *ALONE)[1]["standing"] == "passed"
    assert certify(made.folder, *ALONE)[1]["failed"] == [CARD_TEST]


def test_a_wheel_comes_before_the_same_distribution_that_is_installed(tmp_path, certify):
    """The one that certifies is itself installed here; its changed wheel is another."""
    own = Path(__file__).parents[1]
    changed = tmp_path / "changed"
    for path in [*sorted(own.glob("src/rosterbus_certify/**/*")), own / "pyproject.toml", own / "README.md"]:
        if path.is_file() and "__pycache__" not in path.parts:
            to = changed / path.relative_to(own)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(path.read_bytes())
    (changed / "CHANGELOG.md").write_text("changed\n", encoding="utf-8")
    card = changed / "src" / "rosterbus_certify" / "connector.toml"
    card.write_text(card.read_text().replace('"Certify"', '"Another"'), encoding="utf-8")

    _, told = certify(changed)

    certificate = read_certificate(Path(told["certificate"]))
    assert certificate.described["extension:certify"]["title"] == "Another"


def test_a_failure_takes_away_an_older_certificate_of_the_same_name(toy, certify):
    made = toy(title="")
    wheel = made.wheel()
    certificate_of(wheel).write_text("{}", encoding="utf-8")

    code, told = certify(wheel)

    assert (code, told["standing"], told["certificate"]) == (1, "failed", None)
    assert not certificate_of(wheel).exists()


def test_a_wheel_without_a_declaration_says_what_to_write(toy, certify):
    made = toy()
    (made.package / "conformance.py").unlink()

    code, told = certify(made.wheel())

    assert code == 2
    assert "write rosterbus_toy/conformance.py" in told["error"]
    assert "class TestAcme(DestinationContract)" in told["error"]


def test_a_declaration_that_cannot_be_imported_is_told(toy, certify):
    made = toy()
    made.write("conformance.py", "import nowhere_to_be_found\n")

    code, told = certify(made.wheel())

    assert (code, told["certificate"]) == (1, None)
    assert "nowhere_to_be_found" in told["trouble"][0]


def test_a_declaration_without_a_class_for_a_plugin_is_no_proof(toy, certify):
    made = toy()
    made.write("conformance.py", "")

    code, told = certify(made.wheel())

    assert (code, told["certificate"], told["failed"]) == (1, None, ["extension:toy::"])


def test_a_class_about_another_plugin_is_no_proof(toy, certify):
    made = toy()
    made.declare('connector = "certify"')

    code, told = certify(made.wheel())

    assert (code, told["certificate"]) == (1, None)
    assert {"extension:toy::", "extension:certify::"} <= set(told["failed"])


def test_tests_of_its_own_are_left_out_and_said_to_be(toy, certify, capsys):
    made = toy()
    made.declare("def test_of_its_own(self):\n    raise ValueError")

    code = command_line(["certify", str(made.wheel()), *QUICK])

    said = capsys.readouterr().out
    assert (code, "1 tests of its own were not run" in said) == (0, True)
    assert "test_of_its_own" not in said


def test_a_process_that_dies_midway_is_no_certificate(toy, certify):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _dying(self, request):\n"
        "    if 'card' in request.node.name:\n"
        "        os._exit(0)"
    )

    code, told = certify(made.wheel())

    assert (code, told["certificate"], told["failed"]) == (1, None, [CARD_TEST])
    assert "ended in the middle of a test" in told["trouble"][0]


def test_a_process_that_dies_before_any_test_is_no_certificate(toy, certify):
    made = toy()
    made.write("conformance.py", "import os\n\nos._exit(0)\n")

    code, told = certify(made.wheel())

    assert (code, told["certificate"]) == (1, None)
    assert "did not come to its end" in told["trouble"][0]


def test_a_test_that_hangs_is_ended_and_its_place_is_told(toy, monkeypatch, capsys):
    monkeypatch.setattr(rosterbus_certify.examining, "LIMIT", 2)
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _hanging(self, request):\n"
        "    if 'card' in request.node.name:\n"
        "        time.sleep(600)"
    )

    code = command_line(["certify", str(made.wheel()), *ALONE])

    said = capsys.readouterr().out
    assert code == 1
    assert "did not end within 2 seconds, at rosterbus_toy/conformance.py:16 in `_hanging`" in said
    assert not list(made.folder.rglob("*.whl.*.json"))


def test_a_process_that_ends_no_more_is_ended(toy, certify, monkeypatch):
    monkeypatch.setattr(rosterbus_certify.examining, "LIMIT", 2)
    monkeypatch.setattr("rosterbus_certify.fresh.GRACE", 1)
    made = toy()
    made.write("conformance.py", "import time\n\ntime.sleep(600)\n")

    code, told = certify(made.wheel())

    assert (code, told["certificate"]) == (1, None)
    assert "it had to be ended" in told["trouble"][0]


@pytest.mark.skipif(os.name != "posix", reason="processes are told apart by their groups")
def test_nothing_that_a_dead_suite_started_is_left_running(toy, certify, tmp_path):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _leaving(self):\n"
        "    import pathlib, subprocess, sys\n"
        "    left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(left.pid))\n"
        "    os._exit(3)"
    )

    certify(made.wheel())

    assert ended(int((tmp_path / "pid").read_text()))


def ended(pid):
    """Whether a process is gone, or was killed and waits to be taken away."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        told = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True
        )
        if told.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_a_test_that_passes_only_the_second_time_fails_the_first_and_is_no_certificate_alone(
    toy, certify, tmp_path
):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _at_first(self, request):\n"
        f"    mark = __import__('pathlib').Path({str(tmp_path / 'mark')!r})\n"
        "    if 'card' in request.node.name and not mark.exists():\n"
        "        mark.touch()\n"
        "        raise ValueError"
    )

    first = certify(made.wheel(), *ALONE)
    second = certify(made.wheel(), "--last-failed")

    assert (first[0], first[1]["failed"], first[1]["certificate"]) == (1, [CARD_TEST], None)
    assert (second[0], second[1]["standing"], second[1]["certificate"]) == (0, "passed", None)


def test_the_environment_of_whoever_certifies_stays_outside(toy, certify, monkeypatch):
    monkeypatch.setenv("ACME_PASSWORD", "synthetic")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\ndef _looking(self):\n    assert 'ACME_PASSWORD' not in os.environ"
    )

    assert certify(made.wheel(), *QUICK)[0] == 0
