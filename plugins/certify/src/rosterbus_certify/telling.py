"""An examination in words for whoever wrote the connector: a line for each test, what failed and how to repeat it."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rosterbus.certificates import Certificate

from rosterbus_certify.examining import Examination
from rosterbus_certify.hearing import Failure, Note

STYLES = {"passed": "green", "failed": "bold red", "waived": "yellow", "not applicable": "dim"}
SHORT = 600
"""Characters of an assertion that are shown; the rest is in the kept files."""
LINES = 40
"""Lines of one section of a failure that are shown."""


class Progress:
    """Tells of each test as it ends; `label` stands before it where several wheels are under test at once."""

    def __init__(self, console: Console, label: str = "") -> None:
        self.console, self.label = console, label
        self.planned = False
        # On a terminal, the line of what runs now; of several wheels at once, no one is running.
        self.now = console.status("") if console.is_terminal and not label else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.now:
            self.now.stop()

    def __call__(self, note: Note) -> None:
        """Hear one note of the witness."""
        if note["what"] == "planned" and not self.planned:
            self.planned = True  # each of the processes that share the tests says so
            self.say(f"{len(note['chosen'])} of {len(note['tests'])} tests")
            if self.now:
                self.now.start()
        elif note["what"] == "began" and self.now:
            self.now.update(Text(note["test"]))
        elif note["what"] == "ended":
            outcome = note["outcome"]
            reason = f" ({note['reason']})" if outcome == "waived" else ""
            line = Text(f"{outcome:8}", style=STYLES[outcome]) + Text(
                f" {note['seconds']:7.2f} s  ", style="dim"
            )
            self.say(line + Text(f"{note['test']}{reason}", style="not dim"))

    def say(self, what: str | Text) -> None:
        """One line."""
        self.console.print(Text(self.label) + what, soft_wrap=True)

    def end(self, lines: Sequence[str]) -> None:
        """All that comes after the last test, in one piece, for other wheels tell of theirs at the same time."""
        self.console.out("\n".join([self.label.rstrip(), *lines] if self.label else lines), highlight=False)


def told(examination: Examination, path: Path) -> Iterator[str]:
    """Everything after the last test: failures, counts, figures."""
    hearing = examination.hearing
    for failure in hearing.failures:
        yield from (_placed(line, examination, path) for line in _failure(failure, path))
    for sentence in hearing.trouble:
        yield f"the suite: {sentence}"
    counts: Counter[str] = Counter(one.outcome for one in hearing.outcomes.values())
    yield ", ".join(f"{counts[name]} {name}" for name in STYLES if counts[name] or name == "passed")
    if hearing.strangers:
        yield f"{hearing.strangers} tests of its own were not run: only the suite's count here"
    yield from _waivers(examination)
    yield from _figures(examination)
    if examination.asked.keep:
        yield f"kept in {examination.asked.keep}, for your eyes alone; the people in these files are all made up"


def standing(certificate: Certificate, written: Path | None, *, part: str, slow: int) -> Iterator[str]:
    """What it comes to."""
    if part:
        left = f", which left out {slow} of the slow" if slow else ""
        yield f"no certificate is given for {part}{left}; the whole suite gives one"
    elif written is None:
        yield "no certificate: a test failed"
    else:
        yield f"{certificate.standing}: {written}"
        yield from (f"  a draft, because {why}" for why in certificate.because)


def sending(previews: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What would be sent to a vendor's own sandbox, before anybody says yes."""
    for one in previews:
        yield f"to be sent to {one['target']} as a {one['way']}, with people who are all made up:"
        for file in one["files"]:
            yield f"  {file['name']}: {file['rows']:,} rows, {file['bytes']:,} bytes, which begin"
            yield from (f"    {line}" for line in file["begins"].splitlines()[:3])
        yield from (f"  it will be held: {sentence}" for sentence in one["held"])


def summary(rows: Sequence[tuple[str, str, str]]) -> Table:
    """One row for each path: what it is, how it stands, and why."""
    table = Table("distribution", "standing", "", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _failure(failure: Failure, path: Path) -> Iterator[str]:
    yield ""
    yield f"FAILED {failure.test}"
    yield f"  promise: {failure.promise}"
    yield f"  seen: {_indented(_cut(failure.seen))}"
    for title, text in failure.told:
        yield f"  {title}:"
        lines = [line for line in text.rstrip().splitlines() if line != f"promise: {failure.promise}"]
        yield from (f"    {line}" for line in lines[-LINES:])
        if len(lines) > LINES:
            yield f"    (the last {LINES} of {len(lines)} lines)"
    yield "  repeat it alone and keep its files:"
    yield f"    {repeating(failure.test, path)}"
    yield ""


def _placed(line: str, examination: Examination, path: Path) -> str:
    """The same line, with its files where their writer has them instead of where the wheel was unpacked."""
    package = examination.wheel.package
    source = next((one for one in (path / "src" / package, path / package) if one.is_dir()), None)
    place = f"{source}/" if source else f"{package}/"
    return line.replace(f"{examination.wheel.unpacked / package}{os.sep}", place)


def repeating(test: str, path: Path) -> str:
    """The command that repeats one case."""
    return f"rosterbus certify {shlex.quote(str(path))} --case {shlex.quote(test)} --keep kept-files"


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= SHORT else f"{text[:SHORT]} ..."


def _indented(text: str) -> str:
    return "\n    ".join(text.splitlines())


def _waivers(examination: Examination) -> Iterator[str]:
    outcomes = [one for _, one in sorted(examination.hearing.outcomes.items())]
    yield from (f"waived: {one.test}: {one.reason}" for one in outcomes if one.outcome == "waived")
    reasons = Counter(one.reason for one in outcomes if one.outcome == "not applicable")
    yield from (f"not applicable: {count} tests, for {reason}" for reason, count in sorted(reasons.items()))


def _figures(examination: Examination) -> Iterator[str]:
    tests = examination.hearing.figures
    slowest = sorted(tests, key=lambda name: -tests[name]["seconds"])[:3]
    yield f"{examination.seconds} s; slowest: " + ", ".join(
        f"{name.partition('::')[2]} {tests[name]['seconds']} s" for name in slowest
    )
    for name, figures in tests.items():
        more = {key: value for key, value in figures.items() if key != "seconds"}
        if more:
            yield f"  {name}: " + ", ".join(f"{key} {value}" for key, value in more.items())
