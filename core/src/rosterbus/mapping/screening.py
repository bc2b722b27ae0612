"""Refuses, before any parser sees it, a text that hides something or would cost too much to parse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rosterbus.errors import ConfigError

LONGEST = 4000
MOST_WORDS = 200
DEEPEST = 30

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<word>[^\W\d]\w*)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<comment>--|/\*)
      | (?P<sign>::|\|\||[(),.+\-*/%<>=!])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_REFUSED_SIGNS = {
    "'": "a quote is opened and never closed",
    '"': "a quote is opened and never closed",
    ";": "a mapping is one expression, not several statements",
    "$": "a mapping has no parameters; text goes in single quotes",
    "?": "a mapping has no parameters",
    "#": "a mapping names its columns, never counts them",
    "[": "a mapping works on single values, not on lists",
    "{": "a mapping works on single values, not on structures",
    "\\": "a backslash stands only inside single quotes",
    ":": "a column whose name has a colon goes in double quotes",
}


class Token(NamedTuple):
    """One lexeme; a word is in capital letters."""

    kind: str
    text: str


def screen(text: str) -> None:
    """Raise ConfigError unless `text` may be handed to the parser, in parentheses.

    At most 4000 characters, 200 words and signs, and 30 parentheses or CASEs within each other; parentheses
    close what they open; no comment, no control or invisible character, no prefixed or dollar-quoted text.
    """
    if not text.strip():
        raise ConfigError("a mapping cannot be empty; leave the column out with skip = true")
    if len(text) > LONGEST:
        raise ConfigError("the expression is too long", found=f"{len(text)} characters", allowed=f"{LONGEST}")
    for character in text:
        if not character.isprintable() and character not in "\n\t":
            raise ConfigError(
                "an invisible character stands in the expression", found=f"U+{ord(character):04X}"
            )
    tokens = [_token(match) for match in _TOKEN.finditer(text)]
    _screen_signs(tokens)
    tokens = [token for token in tokens if token.kind != "space"]
    _screen_nesting(tokens)
    _screen_words(tokens)


def _token(match: re.Match[str]) -> Token:
    kind = str(match.lastgroup)
    return Token(kind, match.group().upper() if kind == "word" else match.group())


def _screen_signs(tokens: Sequence[Token]) -> None:
    for token, following in pairwise([*tokens, Token("space", "")]):
        if token.kind == "comment":
            raise ConfigError("comments are not allowed in a mapping", found=token.text)
        if token.kind == "other":
            wrong = _REFUSED_SIGNS.get(token.text, "this sign is not allowed in a mapping")
            raise ConfigError(wrong, found=token.text)
        if token.kind == "word" and len(token.text) == 1 and following.kind == "text":
            raise ConfigError(
                "text goes in plain single quotes, with no letter before", found=f"{token.text}'"
            )


def _screen_nesting(tokens: Sequence[Token]) -> None:
    opened, cases = 0, 0
    for token in tokens:
        opened += {"(": 1, ")": -1}.get(token.text, 0)
        cases += {"CASE": 1, "END": -1}.get(token.text, 0)
        if opened < 0:
            raise ConfigError("a parenthesis is closed that was never opened")
        if opened + cases > DEEPEST:
            raise ConfigError("the expression is nested too deeply", allowed=f"{DEEPEST} levels")
    if opened:
        raise ConfigError("a parenthesis is opened and never closed")


def _screen_words(tokens: Sequence[Token]) -> None:
    count = sum(
        token.kind == "word" or (token.kind == "sign" and token.text not in "(),.") for token in tokens
    )
    if count > MOST_WORDS:
        allowed = f"{MOST_WORDS}; long code lists belong in a CSV file"
        raise ConfigError("the expression has too many words and signs", found=str(count), allowed=allowed)
    for place, (token, following) in enumerate(pairwise([*tokens, Token("end", "")])):
        if token == ("word", "DATE") and following.text == "(":
            raise ConfigError("a date is written anew with format_date(text, source, target)", found="date(")
        if token == ("word", "IN") and following.text != "(":
            raise ConfigError("after IN comes a list in parentheses", found=f"IN {following.text}".rstrip())
        if token == ("word", "CASE"):
            _screen_case(tokens[place + 1 :])


def _screen_case(tokens: Sequence[Token]) -> None:
    """The parser repeats what stands after CASE for every WHEN, so nested ones would grow without bound."""
    for token in tokens:
        if token == ("word", "WHEN"):
            return
        if token == ("word", "CASE") or (token.kind not in ("word", "quoted") and token.text != "."):
            break
    wrong = "after CASE comes WHEN, or one plain column and WHEN"
    raise ConfigError(wrong, allowed="CASE WHEN condition THEN ..., CASE column WHEN 'code' THEN ...")
