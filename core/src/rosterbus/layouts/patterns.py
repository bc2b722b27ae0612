"""The patterns that Python and the engine (RE2) read alike: everything else is refused before it is used."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLASSES = "dDwWsS"
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~ ")
_COUNT = re.compile(r"\{(\d{1,4})(?:,(\d{0,4}))?\}")
_MOST = 1000
"""RE2 counts no further."""


@dataclass(frozen=True)
class Pattern:
    """A pattern that is about the whole text. `printable` is true when only printable ASCII can match it."""

    text: str
    printable: bool

    @property
    def whole(self) -> re.Pattern[str]:
        """Python's form of it: from start to end; digits, words and spaces are those of ASCII."""
        return re.compile(rf"(?:{self.text})\Z", re.ASCII)


def read_pattern(text: str) -> Pattern:
    """Read a pattern, or raise ValueError with what is not allowed in it and what to write instead."""
    pattern = Pattern(text, _Scan(text).run())
    try:
        _ = pattern.whole
    except re.error as error:
        raise ValueError(f"the pattern {text!r} is not a regular expression: {error}") from error
    return pattern


class _Scan:
    """One walk over a pattern, which refuses what Python and RE2 read differently."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.printable = True
        self.groups = [False]
        """For the whole and for each open group: whether it holds a counted repeat."""
        self.counted = False
        """Whether what stands right before is a group that holds a counted repeat."""

    def run(self) -> bool:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        return self.printable

    def _step(self, char: str) -> None:
        counted, self.counted = self.counted, False
        if char in "^$":
            raise self._refused("an anchor; a pattern is always about the whole text")
        if char == "(":
            self._open()
        elif char == ")":
            self.counted = self.groups.pop() if len(self.groups) > 1 else False
            self.groups[-1] |= self.counted
            self.at += 1
        elif char == "[":
            self._set()
        elif char == "{":
            self._count(counted)
        elif char in "*+?":
            self._repeat()
        else:
            self._one()

    def _open(self) -> None:
        if self.text.startswith("(?", self.at) and not self.text.startswith("(?:", self.at):
            raise self._refused("a group of that kind; only `(...)` and `(?:...)` are allowed")
        self.groups.append(False)
        self.at += 3 if self.text.startswith("(?:", self.at) else 1

    def _count(self, counted: bool) -> None:
        match = _COUNT.match(self.text, self.at)
        if match is None or max(int(number or 0) for number in match.groups()) > _MOST:
            raise self._refused(
                rf"a brace; a count is {{n}}, {{n,}} or {{n,m}} up to {_MOST}, a brace itself \{{"
            )
        if counted:
            raise self._refused(
                "a counted repeat of a group that holds one; write it without the inner count"
            )
        self.groups[-1] = True
        self.at = match.end()
        self._lazy()

    def _repeat(self) -> None:
        self.at += 1
        self._lazy()

    def _lazy(self) -> None:
        if self.text.startswith("?", self.at):
            self.at += 1
        if self.text[self.at : self.at + 1] in {"*", "+", "?"}:
            raise self._refused("a repeat of a repeat")

    def _one(self) -> None:
        char = self.text[self.at]
        if char == "\\":
            self._escape()
            return
        if char == "." or not " " <= char <= "~":
            self.printable = False
        self.at += 1

    def _escape(self) -> None:
        char = self.text[self.at + 1 : self.at + 2]
        if not char or (char not in _CLASSES and char not in _PUNCTUATION):
            raise self._refused(r"an escape; \d \D \w \W \s \S and punctuation marks are allowed")
        if char in "DWSs":
            self.printable = False
        self.at += 2

    def _set(self) -> None:
        self.at += 1
        if self.text.startswith("^", self.at):
            self.printable = False
            self.at += 1
        if self.text.startswith("]", self.at):
            raise self._refused(r"a bracket right after the opening one; write \]")
        while self.at < len(self.text) and self.text[self.at] != "]":
            if self.text[self.at] == "[":
                raise self._refused(r"a bracket within brackets; write \[")
            if self.text[self.at : self.at + 2] in {"--", "&&", "||", "~~"}:
                raise self._refused("a doubled sign within brackets; write it once")
            self._member()
        self.at += 1

    def _member(self) -> None:
        if self.text[self.at] == ".":
            self.at += 1
            return
        self._one()

    def _refused(self, what: str) -> ValueError:
        return ValueError(f"the pattern {self.text!r} has, at character {self.at + 1}, {what}")
