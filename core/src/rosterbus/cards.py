"""The card of a plugin: what its `connector.toml` says of it, read without importing the plugin."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError

KINDS = ("source", "destination", "transport", "report", "extension")
CARD = "connector.toml"

_REQUIRED = ("title", "kind", "system", "maturity")
_REQUIRED_OF_DESTINATIONS = ("guarantee", "absence")
_TEXTS = ("title", "system", "maturity", "guarantee", "absence")
_LISTS = ("kind", "pages", "hosts", "maintainers", "unknown", "transports")


@dataclass(frozen=True)
class ConnectorCard:
    """What must be known of a plugin before it is imported.

    `kind` is one of `KINDS`, or several where one distribution is both (a source and a destination). `hosts`
    are patterns over the settings ("{host}:{port}") of everything that it connects to. `guarantee` and
    `absence` say of a destination how often a plan can arrive, and what becomes of a person who is not in the
    file. `unknown` are sentences on what the system's maker does not publish, each naming the setting that decides it
    therefore. `transports` are the ways it speaks ("sftp", "s3", "https", "folder", "database"). `commands` are the
    names and one-line helps of what the `commands` hook adds to the command line.
    """

    title: str
    kind: tuple[str, ...]
    system: str
    maturity: str
    pages: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    guarantee: str = ""
    absence: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    maintainers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()


def read_card(path: Path) -> ConnectorCard:
    """Read one `connector.toml`; raises ConfigError with file, key, what was found and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the card cannot be read: {error.strerror}", file=path) from error
    except ValueError as error:
        raise ConfigError(f"the card is not TOML in UTF-8: {error}", file=path) from error
    return parse_card(text, file=path)


@lru_cache(maxsize=256)
def parse_card(text: str, *, file: Path | str) -> ConnectorCard:
    """`read_card` of what was read already, from `file`."""
    try:
        card = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the card is not TOML in UTF-8: {error}", file=file) from error
    return card_of(card, file=file)


def card_of(card: dict[str, Any], *, file: Path | str) -> ConnectorCard:
    """The card that plain values make; raises ConfigError as `read_card` does."""
    if isinstance(card.get("kind"), str):
        card["kind"] = [card["kind"]]
    _check_names(file, card)
    for key, value in card.items():
        _check_value(file, key, value)
    _check_presence(file, card)
    fields: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in card.items()}
    return ConnectorCard(**fields)


def _check_names(file: Path | str, card: Mapping[str, Any]) -> None:
    known = (*_TEXTS, *_LISTS, "commands")
    if unknown := sorted(set(card) - set(known)):
        raise ConfigError("the card has an unknown key", file=file, found=f"`{unknown[0]}`", allowed=known)


def _check_presence(file: Path | str, card: Mapping[str, Any]) -> None:
    required: tuple[str, ...] = _REQUIRED
    if "destination" in card.get("kind", ()):
        required += _REQUIRED_OF_DESTINATIONS
    if missing := [key for key in required if key not in card]:
        raise ConfigError(f"the card lacks {', '.join(f'`{key}`' for key in missing)}; add it", file=file)


def _check_value(file: Path | str, key: str, value: Any) -> None:
    if key in _TEXTS:
        allowed, right = "a text", isinstance(value, str)
    elif key == "kind":
        allowed, right = (
            ", ".join(KINDS),
            isinstance(value, list) and bool(value) and all(one in KINDS for one in value),
        )
    elif key in _LISTS:
        allowed, right = (
            "a list of texts",
            isinstance(value, list) and all(isinstance(one, str) for one in value),
        )
    else:
        allowed = 'a table of texts: { name = "what it does" }'
        right = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if not right:
        raise ConfigError(
            "the card says something else than it may", file=file, key=key, found=repr(value), allowed=allowed
        )
