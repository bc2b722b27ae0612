"""Runs the conformance suite over an unpacked wheel in a fresh process, and notes as lines of JSON what comes of it.

Started by path with a file of JSON: what to run, and where to note it. It imports the suite alone.
"""

from __future__ import annotations

import faulthandler
import json
import re
import runpy
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import pytest

_CAPTURED = re.compile(r"^Captured (.*) (?:setup|call|teardown)$")
LONGEST = 2_000
"""Characters of a reason that are kept."""
SKIPPED = "it was skipped; what does not apply to a connector follows from its abilities"
NOT_WAIVED = (
    "it fails, and no waiver that counts says so: one in `ability`, of a test that is no guard, with a reason"
)


class Witness:
    """A plugin of pytest: picks the tests of the suite, and notes how each ended, at once."""

    def __init__(self, request: Mapping[str, Any], notes: TextIO, stacks: TextIO) -> None:
        self.request, self.notes, self.stacks = request, notes, stacks
        self.names: dict[str, str] = {}
        self.waivers: dict[str, str] = {}
        self.reports: dict[str, list[pytest.TestReport]] = defaultdict(list)

    def note(self, what: str, **more: Any) -> None:
        """One line, which is there even if the process dies next."""
        self.notes.write(json.dumps({"what": what, **more}, default=str) + "\n")
        self.notes.flush()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the tests of the suite that were asked for, and note what there is, runs or not."""
        # The suite is imported only now: pytest has to be there first, to rewrite its asserts.
        choice = runpy.run_path(str(Path(__file__).with_name("picking.py")))["Choice"](items, self.request)
        self.names, self.waivers = choice.names, choice.waivers
        self.note("planned", **choice.as_json())
        left = [one for one in items if one not in choice.share]
        config.hook.pytest_deselected(items=left)
        items[:] = choice.share

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected proves nothing."""
        if report.failed:
            self.note("not collected", why=_short(report.longreprtext.strip().splitlines()[-1]))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """From now on the test has only so much time."""
        self.note("began", test=self.names[nodeid])
        faulthandler.dump_traceback_later(self.request["limit"], exit=True, file=self.stacks)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the three phases of a test."""
        self.reports[report.nodeid].append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note how it ended."""
        faulthandler.cancel_dump_traceback_later()
        reports = self.reports.pop(nodeid, [])
        outcome, reason = _ended(reports, self.waivers.get(nodeid, ""))
        failed = next((one for one in reports if one.failed), None)
        self.note(
            "ended",
            test=self.names[nodeid],
            outcome=outcome,
            reason=_short(reason),
            seconds=round(sum(one.duration for one in reports), 3),
            told=_sections(failed, captured=False),
            whole=failed.longreprtext if failed else "",
            captured=_sections(failed, captured=True),
            figures=dict(reports[-1].user_properties) if reports else {},
        )

    def pytest_internalerror(self, excrepr: object) -> None:
        """Pytest itself failed."""
        self.note("broke", why=_short(str(excrepr).strip().splitlines()[-1]))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """All that was to run has run."""
        self.note("over", exit=int(exitstatus))


def _ended(reports: list[pytest.TestReport], waiver: str) -> tuple[str, str]:
    for one in reports:
        if one.failed:
            return "failed", _seen(one)
        if one.skipped and hasattr(one, "wasxfail"):
            return ("waived", waiver) if waiver else ("failed", NOT_WAIVED)
        if one.skipped:
            return "failed", SKIPPED
    if not any(one.when == "call" for one in reports):
        return "failed", "it was never called"
    return "passed", ""


def _seen(report: pytest.TestReport) -> str:
    if report.longreprtext.startswith("[XPASS(strict)]"):
        return "it is waived, and passes; take the waiver out of `ability`"
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else report.longreprtext.strip().splitlines()[-1]
    return str(text)


def _sections(report: pytest.TestReport | None, *, captured: bool) -> list[tuple[str, str]]:
    """What belongs to a failure: what was captured, or what the suite itself says."""
    titled = [(_CAPTURED.sub(r"\1", title), text) for title, text in (report.sections if report else ())]
    return [(title, text) for title, text in titled if (title in ("stdout", "stderr", "log")) == captured]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _options(request: Mapping[str, Any]) -> Iterator[str]:
    yield from ("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:faulthandler", "--noconftest")
    yield from ("-W", "error", "--import-mode=importlib", "--strict-config", "--strict-markers")
    yield from ("-c", request["ini"], f"--rootdir={request['root']}", f"--basetemp={request['basetemp']}")
    yield request["target"]


def main(request: Mapping[str, Any]) -> int:
    """Run it; the exit code is pytest's."""
    with (
        Path(request["notes"]).open("w", encoding="utf-8", newline="\n") as notes,
        Path(request["stacks"]).open("w", encoding="utf-8", newline="\n") as stacks,
    ):
        faulthandler.enable(stacks)
        code = pytest.main(list(_options(request)), plugins=[Witness(request, notes, stacks)])
        faulthandler.disable()
    return int(code)


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
