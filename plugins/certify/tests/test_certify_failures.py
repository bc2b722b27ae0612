"""A failure teaches: the promise, what was seen, and the one command that repeats it."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from rosterbus.certificates import parse_certificate
from rosterbus.cli import command_line
from rosterbus.errors import ConfigError
from rosterbus_certify.issuing import _unfinished
from rosterbus_certify.remembering import remember, remembered

CARD_TEST = "extension:toy::test_its_card_is_complete"
CARD_CASE = "test_its_card_is_complete"
QUICK_TEST = "extension:toy::test_a_waiver_names_a_test_and_gives_its_reason"
COUNTING = """
@pytest.fixture(autouse=True)
def _counted(self, request, tmp_path):
    (tmp_path / "made-up.csv").write_text("S0001,Zqx")
    with open({log!r}, "a") as log:
        log.write(request.node.name + "\\n")
"""


def said_of(capsys, *arguments):
    code = command_line(["certify", *map(str, arguments)])
    return code, capsys.readouterr().out


def counted(toy, tmp_path, **changes):
    """A toy that notes which tests are run."""
    made = toy(**changes)
    made.declare(COUNTING.format(log=str(tmp_path / "log")))
    return made, lambda: (tmp_path / "log").read_text(encoding="utf-8").split()


def test_a_failure_tells_promise_and_sight_and_the_command_that_repeats_it(toy, capsys, tmp_path):
    made = toy(title="", name="a toy")

    code, said = said_of(capsys, made.folder)

    assert code == 1
    assert f"FAILED {CARD_TEST}" in said
    assert "promise: " in said
    assert "assert ['title'] == []" in said
    assert "no certificate: a test failed" in said
    [line] = [line.strip() for line in said.splitlines() if "--case" in line]
    assert shlex.split(line) == [
        *("rosterbus", "certify", str(made.folder), "--case", CARD_TEST, "--keep", "kept-files")
    ]


def test_what_the_suite_says_of_a_failure_is_shown_and_what_was_captured_is_kept(toy, capsys, tmp_path):
    made = toy()
    made.declare(
        "@pytest.fixture(autouse=True)\n"
        "def _telling(self, request):\n"
        "    print('a line that was printed')\n"
        "    if 'card' in request.node.name:\n"
        "        request.node.add_report_section('setup', 'what the twin saw', f'connected by {__file__}:1')\n"
        "        raise ValueError"
    )

    _, said = said_of(capsys, made.folder, "--case", CARD_TEST, "--keep", tmp_path / "kept")

    assert f"what the twin saw:\n    connected by {made.package / 'conformance.py'}:1" in said
    assert "a line that was printed" not in said
    [account] = (tmp_path / "kept").glob("failure-*.txt")
    assert "a line that was printed" in account.read_text(encoding="utf-8")
    assert "ValueError" in account.read_text(encoding="utf-8")


def test_a_case_alone_is_run_and_its_files_are_kept_privately(toy, tmp_path, capsys):
    made, ran = counted(toy, tmp_path)
    kept = tmp_path / "kept"

    code, said = said_of(capsys, made.wheel(), "--case", CARD_TEST, "--keep", kept)

    assert (code, ran()) == (0, [CARD_CASE])
    assert len(list(kept.rglob("made-up.csv"))) == 1
    assert "the people in these files are all made up" in said
    assert "no certificate is given for some cases" in said
    assert not list(made.folder.rglob("*.whl.*.json"))
    folders = [kept, *(path for path in kept.rglob("*") if path.is_dir() and not path.is_symlink())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_files_are_never_kept_where_something_lies_already(toy, certify, tmp_path):
    (tmp_path / "mine").write_text("mine", encoding="utf-8")

    code, told = certify(toy().wheel(), "--keep", tmp_path)

    assert (code, (tmp_path / "mine").is_file()) == (2, True)
    assert "not empty" in told["error"]


def test_a_case_that_is_none_names_the_nearest(toy, certify):
    code, told = certify(toy().wheel(), "--case", "extension:toy::test_its_card_is_whole")

    assert code == 2
    assert f"such as {CARD_TEST}" in told["error"]


def test_the_last_failed_are_run_again_until_they_pass(toy, certify, tmp_path):
    made, ran = counted(toy, tmp_path, title="")
    certify(made.wheel(), "--case", CARD_TEST, "--case", QUICK_TEST)
    assert len(ran()) == 2

    assert certify(made.wheel(), "--last-failed")[1]["failed"] == [CARD_TEST]
    assert ran()[2:] == [CARD_CASE]

    made.write("connector.toml", 'title = "A toy"\nkind = "extension"\nsystem = ""\nmaturity = "draft"\n')
    assert certify(made.wheel(), "--last-failed")[1]["standing"] == "passed"
    assert certify(made.wheel(), "--last-failed")[1]["standing"] == "certified"


def test_what_failed_is_remembered_beside_a_wheel_that_was_built_elsewhere(toy, certify, tmp_path):
    made = toy(title="")
    wheel = made.wheel()
    certify(wheel, "--case", CARD_TEST, "--out", tmp_path)

    assert json.loads((tmp_path / ".rosterbus-certify" / f"{wheel.name}.json").read_text()) == {
        "failed": [CARD_TEST]
    }
    assert (tmp_path / ".rosterbus-certify" / ".gitignore").read_text() == "*\n"


def test_what_failed_is_remembered_in_a_distributions_own_folder_until_it_passes(tmp_path):
    remember(tmp_path, None, failed=["one", "other"], ran=["one", "other"])
    remember(tmp_path, None, failed=[], ran=["one"])

    assert remembered(tmp_path, None) == ["other"]
    assert (tmp_path / ".rosterbus-certify" / "failed.json").is_file()


def test_the_fast_part_leaves_out_what_is_slow_and_gives_no_certificate(toy, tmp_path, capsys):
    made, ran = counted(toy, tmp_path)
    text = (made.package / "conformance.py").read_text(encoding="utf-8")
    # The suite's own mark, set here on a test of the suite for this process alone.
    made.write("conformance.py", text + "\nConnectorContract.test_its_card_is_complete.slow = True\n")

    code, said = said_of(capsys, made.wheel(), "--fast")

    assert (code, CARD_CASE in ran()) == (0, False)
    assert "no certificate is given for --fast, which left out 1 of the slow" in said
    assert not list(made.folder.rglob("*.whl.*.json"))


def test_several_paths_are_certified_by_one_command_and_summed_up(toy, tmp_path, capsys):
    good, bad = toy(name="good"), toy(name="bad", title="")
    (tmp_path / "no distribution").mkdir()

    code, said = said_of(capsys, good.folder, bad.folder, tmp_path / "no distribution", "-n", "2")

    assert code == 1
    rows = said[said.index("distribution ") :].splitlines()
    assert [row.split()[:2] for row in rows[1:3]] == [["good", "certified"], ["bad", "failed"]]
    assert "not examined" in rows[3]


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own")
def test_a_terminal_shows_what_runs_now_and_is_left_as_it_was(toy):
    import pty

    shown, terminal = pty.openpty()
    asked = ("certify", str(toy().wheel()), "--case", CARD_TEST)
    command = [sys.executable, "-c", "from rosterbus.cli import main; main()", *asked]
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, stdin=terminal) as process:
        os.close(terminal)
        said = b""
        while piece := read(shown):
            said += piece
        code = process.wait(100)

    assert code == 0, said
    assert CARD_TEST.encode() in said
    assert said.count(b"\x1b[?25l") == said.count(b"\x1b[?25h") > 0


def read(terminal):
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def test_several_paths_are_one_document_for_machines(toy, certify, tmp_path):
    code, told = certify(toy(title="").wheel(), tmp_path / "nothing.whl")

    assert code == 1
    assert [(one["standing"], one["exit"]) for one in told["distributions"]] == [
        ("failed", 1),
        ("not examined", 2),
    ]


@pytest.mark.parametrize(
    ("arguments", "shares"),
    [
        (["one.whl"], [1]),
        (["one.whl", "--fast"], [4]),
        (["one.whl", "--fast", "-n", "2"], [2]),
        (["one.whl", "other.whl", "-n", "5"], [2, 2]),
        (["one.whl", "other.whl", "third.whl", "-n", "2"], [1, 1, 1]),
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_processes_share_one_wheels_tests_and_are_shared_by_several(certify, monkeypatch, arguments, shares):
    asked = []

    def examine(path, what, *_, **__):
        asked.append(what.jobs)
        raise ConfigError("enough was seen")

    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("rosterbus_certify.command.examine", examine)
    certify(*arguments)

    assert asked == shares


def test_cases_are_of_one_wheel(toy, certify):
    code, told = certify(toy(name="one").folder, toy(name="other").folder, "--case", CARD_TEST)

    assert (code, "of one wheel" in told["error"]) == (2, True)


RULE = {"name": "n", "sentence": "rows are few", "source": "article 12"}
ANSWER = {"behaviour": "it waits", "known": "assumed", "source": "article 12"}
LAYOUT = {"name": "people", "source": "article 12", "rules": [RULE]}
DESTINATION = {"kind": "destination", "rules": [RULE], "layouts": [LAYOUT], "twin": True, "answers": [ANSWER]}


def unfinished(**changes):
    return list(_unfinished({"destination:acme": {**DESTINATION, **changes}}))


def test_a_destination_with_sources_and_marked_answers_is_no_draft():
    assert unfinished() == []


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"rules": []}, "gives no RULES"),
        ({"rules": [{**RULE, "source": " "}]}, "a rule names no source: rows are few"),
        ({"rules": [{**RULE, "source": "TODO: which page?"}]}, "a rule names no source: rows are few"),
        (
            {"layouts": [{**LAYOUT, "rules": [{**RULE, "source": ""}]}]},
            "a rule names no source: rows are few",
        ),
        ({"layouts": [{**LAYOUT, "source": ""}]}, "the layout `people` names no source"),
        ({"answers": []}, "ANSWERS are not marked"),
        ({"answers": [{**ANSWER, "known": "guessed"}]}, "does not say how it is known: it waits"),
        ({"answers": [{**ANSWER, "source": ""}]}, "does not say how it is known: it waits"),
    ],
)
def test_what_is_unfinished_keeps_it_a_draft(changes, because):
    [sentence] = unfinished(**changes)

    assert sentence.startswith("destination:acme: ")
    assert because in sentence


def test_a_draft_says_why_and_ends_well(toy, tmp_path, capsys):
    made = toy()
    answers = 'ANSWERS = (TwinAnswer("it waits", "assumed", "TODO"),)'
    made.write("__init__.py", f'"""A toy."""\nfrom rosterbus.deliveries import TwinAnswer\n\n{answers}\n')

    code, said = said_of(capsys, made.wheel())

    [written] = made.folder.rglob("*.certificate.json")
    certificate = parse_certificate(json.loads(Path(written).read_text(encoding="utf-8")))
    assert (code, certificate.standing) == (0, "draft")
    assert "a draft, because extension:toy: an answer of its twin" in said
