"""Marketplaces of connectors: signed static folders, built from wheels alone, trusted by choice, pinned by a lock."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rosterbus.hookspecs import hookimpl


@hookimpl
def commands() -> Sequence[click.Command]:
    """Add `rosterbus market`."""
    from rosterbus_market.cli import market

    return [market]
