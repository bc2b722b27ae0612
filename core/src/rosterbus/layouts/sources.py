"""Where a column's text comes from: the four mapping types of the Enroll article, or a password made with a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from rosterbus.engine import literal
from rosterbus.secrets import SecretReference

Unmatched = Literal["reject", "blank", "keep"] | Mapping[str, str]
"""What becomes of a code without a match; a mapping is ``{"default": "X"}``."""


@dataclass(frozen=True)
class Direct:
    """The roster column as it is."""

    column: str


@dataclass(frozen=True)
class Match:
    """The roster column through a code list: by roster value, or the path of a ``from,to,note`` file."""

    column: str
    codes: Mapping[str, str] | str
    unmatched: Unmatched = "reject"

    def __post_init__(self) -> None:
        if isinstance(self.unmatched, str):
            right = self.unmatched in {"reject", "blank", "keep"}
        else:
            right = set(self.unmatched) == {"default"}
        if not right:
            raise TypeError(
                f'`unmatched` is {self.unmatched!r}; allowed: "reject", "blank", "keep", {{"default": "X"}}'
            )


@dataclass(frozen=True)
class Transform:
    """One expression of the mapping language over the roster row."""

    text: str


@dataclass(frozen=True)
class Keyed:
    """A password made of a roster column with a secret: the same again for the same value, and known to nobody without
    the secret. Ten lower-case letters and four digits, without those that look alike. It stays out of comparisons.

    `secret` is None where the settings give none: then a pipeline has to map the column otherwise.
    """

    column: str
    secret: SecretReference | None


@dataclass(frozen=True)
class Skip:
    """Do not map: the header is in the file and the cell is always blank."""


Source = Direct | Keyed | Match | Transform | Skip


class SourceOptions(TypedDict, total=False):
    """The keyword arguments that say where a column comes from; `value` is a constant, `keyed` goes with `secret`."""

    direct: str
    match: str
    codes: Mapping[str, str] | str
    unmatched: Unmatched
    transform: str
    value: str
    keyed: str
    secret: SecretReference | None


def take_source(options: dict[str, Any]) -> Source:
    """Take the source out of a column's keyword arguments. Raises TypeError where they contradict."""
    given = [name for name in ("direct", "match", "transform", "value", "keyed") if name in options]
    if len(given) > 1:
        raise TypeError(
            f"it has {' and '.join(f'`{name}`' for name in given)}; a column comes from one place"
        )
    if "match" in options:
        return _take_match(options)
    if stray := [name for name in ("codes", "unmatched") if name in options]:
        raise TypeError(f"`{stray[0]}` goes with `match`, the roster column that is looked up in the codes")
    if "secret" in options and given != ["keyed"]:
        raise TypeError("`secret` goes with `keyed`, the roster column that a password is made of")
    if not given:
        return Skip()
    text = options.pop(given[0])
    if not isinstance(text, str) or (not text and given != ["value"]):
        raise TypeError(f"`{given[0]}` is {text!r}; a text is needed")
    if given == ["direct"]:
        return Direct(text)
    if given == ["keyed"]:
        return Keyed(text, _take_secret(options))
    return Transform(literal(text) if given == ["value"] else text)


def _take_secret(options: dict[str, Any]) -> SecretReference | None:
    secret = options.pop("secret", "")
    if secret is not None and not isinstance(secret, SecretReference):
        raise TypeError("`keyed` needs `secret`: a setting that is a secret, never the secret itself")
    return secret


def _take_match(options: dict[str, Any]) -> Match:
    if "codes" not in options:
        raise TypeError(
            "`match` needs `codes`: a mapping from roster value to the vendor's, or the path of a code list"
        )
    codes = options.pop("codes")
    if not isinstance(codes, str | Mapping) or not codes:
        raise TypeError(f"`codes` is {codes!r}; a mapping that is not empty or a path is needed")
    return Match(
        options.pop("match"),
        codes if isinstance(codes, str) else dict(codes),
        options.pop("unmatched", "reject"),
    )
