"""What the witness of a fresh process notes, heard line by line, and what it comes to."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from rosterbus.certificates import Ending, TestOutcome
from rosterbus.errors import ConfigError

Note = Mapping[str, Any]
T = TypeVar("T")
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>\S+)')


@dataclass(frozen=True)
class Failure:
    """One test that failed. `told` are titles and texts of what the suite says of it, `whole` is pytest's account."""

    test: str
    promise: str
    seen: str
    told: Sequence[tuple[str, str]] = ()
    whole: str = ""
    captured: Sequence[tuple[str, str]] = ()


@dataclass
class Hearing:
    """The outcome of every test so far. `trouble` are sentences on the suite as a whole, which then proves nothing.

    `folder` is where the process works, `unpacked` the wheel's own files, `limit` the seconds that one test has.
    Of the tests that were `chosen`, `share` are those that this process runs.
    """

    folder: Path
    unpacked: Path
    limit: int
    promises: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[str] = ()
    share: Sequence[str] = ()
    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    figures: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    slow: int = 0
    strangers: int = 0
    _running: str = ""
    _over: bool = False

    def take(self, note: Note) -> None:
        """Take up one note. Raises ConfigError where a case was asked for that is none."""
        match note["what"]:
            case "planned":
                self._plan(note)
            case "began":
                self._running = note["test"]
            case "ended":
                self._end(note)
            case "not collected" | "broke":
                self.trouble.append(f"the tests cannot be run: {note['why']}")
            case "over":
                self._over = True
            case "gone":
                self._leave(note["code"])

    def _plan(self, note: Note) -> None:
        self.promises, self.chosen, self.share = note["tests"], note["chosen"], note["share"]
        self.slow, self.strangers = note["slow"], note["strangers"]
        if note["unknown"]:
            raise ConfigError(
                "the suite has no such case for this wheel",
                key=note["unknown"][0],
                allowed=_near(note["unknown"][0], note["tests"]),
            )
        for one in note["not applicable"]:
            self._note(one, "not applicable")
        for one in note["evaded"]:
            self._note(one, "failed")
            self.failures.append(Failure(one["test"], one["promise"], one["reason"]))

    def _note(self, told: Note, outcome: Ending) -> None:
        self.outcomes[told["test"]] = TestOutcome(told["test"], told["promise"], outcome, told["reason"])

    def _end(self, note: Note) -> None:
        test, promise = note["test"], self.promises[note["test"]]
        self._running = ""
        self.outcomes[test] = TestOutcome(test, promise, note["outcome"], note["reason"])
        self.figures[test] = {**note["figures"], "seconds": note["seconds"]}
        if note["outcome"] == "failed":
            told, captured = ([(title, text) for title, text in note[name]] for name in ("told", "captured"))
            self.failures.append(Failure(test, promise, note["reason"], told, note["whole"], captured))

    def _leave(self, code: int | None) -> None:
        """The process is gone: in order, or in the middle of something."""
        if self._running:
            self._cut_short(self._running, code)
        elif not self._over and not self.trouble:
            said = _read(self.folder / "witness.said").strip()
            last = said.splitlines()[-1] if said else "it said nothing"
            self.trouble.append(f"the suite did not come to its end ({_left(code)}): {last}")
        elif not self.chosen and not self.trouble:
            self.trouble.append("there is not one test to run")

    def _cut_short(self, test: str, code: int | None) -> None:
        stacks = _read(self.folder / "stacks.txt")
        late = code is None or "Timeout (" in stacks
        how = (
            f"did not end within {self.limit} seconds"
            if late
            else f"took its process with it ({_left(code)})"
        )
        seen = f"the test {how}{self._place(stacks)}"
        self._note({"test": test, "promise": self.promises[test], "reason": seen}, "failed")
        self.failures.append(Failure(test, self.promises[test], seen, whole=stacks))
        if missed := len([one for one in self.share if one not in self.outcomes]):
            self.trouble.append(f"the suite ended in the middle of a test; {missed} more were not run")

    def _place(self, stacks: str) -> str:
        """Where in the wheel's own files it was, the innermost frame first."""
        for frame in _FRAME.finditer(stacks):
            if Path(frame["file"]).is_relative_to(self.unpacked):
                file = Path(frame["file"]).relative_to(self.unpacked).as_posix()
                return f", at {file}:{frame['line']} in `{frame['name']}`"
        return ""


def together(hearings: Sequence[Hearing]) -> Hearing:
    """What processes come to that shared one suite, each test and each failure in the suite's order."""
    one = max(hearings, key=lambda hearing: len(hearing.promises))
    order = {test: place for place, test in enumerate(one.promises)}

    def ordered(of: Iterable[tuple[str, T]]) -> dict[str, T]:
        return dict(sorted(of, key=lambda told: order.get(told[0], -1)))

    return replace(
        one,
        outcomes=ordered(told for hearing in hearings for told in hearing.outcomes.items()),
        figures=ordered(told for hearing in hearings for told in hearing.figures.items()),
        failures=[*ordered((told.test, told) for hearing in hearings for told in hearing.failures).values()],
        trouble=list(dict.fromkeys(sentence for hearing in hearings for sentence in hearing.trouble)),
    )


def _near(case: str, tests: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(case, tests, n=1, cutoff=0.3)
    return "a name as the suite prints it" + (f", such as {near[0]}" if near else "")


def _left(code: int | None) -> str:
    if code is None:
        return "it had to be ended"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="backslashreplace") if path.is_file() else ""
