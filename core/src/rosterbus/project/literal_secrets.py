"""Finds secrets that were written down as themselves instead of as a reference to where they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rosterbus.project.toml_lines import KeyPath

_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:password|passwd|pwd|passphrase|secret|token|bearer|credentials?"
    r"|signature|sig|(?:private|api|secret|access|account)[_\-]?key)$",
    re.IGNORECASE,
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_URL_PASSWORD = re.compile(r"://[^/?#\s@:]*:[^/?#\s]*@")
_QUERY_NAME = re.compile(r"[?&;]([^=&;#\s]+)=")
# Below these the keys are column names and codes, and a column may well be called "password".
_DATA_NAMES = frozenset({"columns", "codes"})


def names_a_secret(key: str) -> bool:
    """Whether a key, by its name, holds a secret (``password``, ``api_key``, ``transport_token``)."""
    return _SECRET_NAME.search(key) is not None


def literal_secrets(values: Mapping[str, Any], at: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield the path and the sentence of every secret written as itself; the sentence never holds it."""
    for key, value in values.items():
        if key not in _DATA_NAMES:
            yield from _in_value(value, (*at, key), secret=names_a_secret(key))


def _in_value(value: Any, path: KeyPath, *, secret: bool) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, Mapping):
        yield from literal_secrets(value, path)
    elif secret and not isinstance(value, bool):
        yield path, "a secret is written as a reference, never as itself"
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _in_value(element, (*path, index), secret=False)
    elif isinstance(value, str):
        if _KEY_BLOCK.search(value):
            yield path, "a private key is written as a reference, never as itself"
        elif holds_credentials(value):
            yield path, "the URL holds a secret; give the user name and the secret as settings of their own"


def holds_credentials(text: str) -> bool:
    """Whether a text is a URL with a password or a token in it (``sftp://user:password@host``)."""
    if "://" not in text:
        return False
    in_query = any(names_a_secret(name) for name in _QUERY_NAME.findall(text))
    return in_query or _URL_PASSWORD.search(text) is not None
