"""The line of every key in a TOML file.

`tomllib` reads the values and is the judge of the grammar; like the round-trip parsers it has no public
positions. So this scanner walks text that `tomllib` has accepted already: it never has to tell right from
wrong, only where a key, a value and a table begin.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''(?P<blank>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<text>"""(?:\\.|[^\\])*?"""(?:"{0,2}) | \'\'\'.*?\'\'\'(?:'{0,2}) | "(?:\\.|[^"\\])*" | '[^']*')
      | (?P<mark>[\[\]{}=,.])
      | (?P<bare>[^\s\[\]{}=,.\#"']+)''',
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


_END = _Token("end", "", 0)


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Give the line (from 1) of every key, table and array element of valid TOML, by its path.

    The path of ``[[expect]]``, second table, key ``until`` is ``("expect", 1, "until")``.
    """
    scanner = _Scanner(_tokens(text))
    scanner.document()
    return scanner.lines


def _tokens(text: str) -> list[_Token]:
    tokens, line = [], 1
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind != "blank":
            tokens.append(_Token(kind, match.group(), line))
        line += match.group().count("\n")
    return tokens


class _Scanner:
    def __init__(self, tokens: list[_Token]) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tokens = tokens
        self._at = 0
        self._tables_in: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while (token := self._peek()) is not _END:
            if token.kind == "newline":
                self._next()
            elif token.text == "[":
                table = self._header()
            else:
                self._pair(table)

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _header(self) -> KeyPath:
        line = self._next().line
        of_array = self._peek().text == "["
        if of_array:
            self._next()
        *parents, last = self._key("]")
        if of_array:
            self._next()
        path: KeyPath = ()
        for part in parents:
            path = self._latest((*path, part))
        path = (*path, last)
        if of_array:
            self._tables_in[path] = self._tables_in.get(path, 0) + 1
        self._note(path, line)
        path = self._latest(path)
        self.lines[path] = line
        return path

    def _latest(self, path: KeyPath) -> KeyPath:
        """An array of tables is spoken of by its latest element."""
        return (*path, self._tables_in[path] - 1) if path in self._tables_in else path

    def _key(self, end: str) -> list[str]:
        parts = []
        while (token := self._next()).text != end:
            if token.kind == "text":
                parts.append(str(tomllib.loads(f"key = {token.text}")["key"]))
            elif token.kind == "bare":
                parts.append(token.text)
        return parts

    def _pair(self, table: KeyPath) -> None:
        line = self._peek().line
        path = (*table, *self._key("="))
        self._note(path, line)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self._peek().text
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            while not (self._peek().kind in ("newline", "end") or self._peek().text in (",", "]", "}")):
                self._next()

    def _array(self, path: KeyPath) -> None:
        self._next()
        index = 0
        while (token := self._peek()).text != "]":
            if token.kind == "newline" or token.text == ",":
                self._next()
            else:
                self._note((*path, index), token.line)
                self._value((*path, index))
                index += 1
        self._next()

    def _inline_table(self, path: KeyPath) -> None:
        self._next()
        while (token := self._peek()).text != "}":
            if token.kind == "newline" or token.text == ",":
                self._next()
            else:
                self._pair(path)
        self._next()

    def _note(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
