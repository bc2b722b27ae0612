"""Whatever a signed catalogue says, it is read or refused with a sentence, and never taken for a path or an option."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from rosterbus.errors import ConfigError
from rosterbus_market.catalogue import parse_catalogue
from rosterbus_market.downloading import file_name

if TYPE_CHECKING:
    from conftest import Shop

NONSENSE = (None, 7, -1.5, True, "", "../../x", "\ud800", "x\n--pre", [], [None], {}, {"a": []}, [[[]]])
NEVER = ("../../x", "x\n--pre", "\ud800")


def places(values: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value of a document stands."""
    items = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def test_whatever_stands_anywhere_in_a_catalogue_is_read_or_refused_with_a_sentence(shop: Shop):
    honest = json.loads((shop.site / "catalogue.json").read_text(encoding="utf-8"))
    assert parse_catalogue(json.dumps(honest).encode())
    for place in places(honest):
        for value in NONSENSE:
            values = copy.deepcopy(honest)
            there = values
            for key in place[:-1]:
                there = there[key]
            there[place[-1]] = value
            try:
                read = parse_catalogue(json.dumps(values).encode())
            except ConfigError:
                continue
            for release in (one for entry in read.entries for one in entry.releases):
                for word in (release.wheel, release.version, release.sha256, *release.requires):
                    assert word not in NEVER, place


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"schema": 2}'])
def test_what_is_no_catalogue_is_refused(content: bytes):
    with pytest.raises(ConfigError):
        parse_catalogue(content)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/a/x-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl"),
        ("/a/x-1.0-py3-none-any.%2F..%2F..%2Fevil.whl", "evil.whl"),
        ("/a/..%5C..%5Cevil.whl", "evil.whl"),
    ],
)
def test_the_file_name_of_an_index_leads_nowhere_else(written: str, read: str):
    assert file_name(written) == read
