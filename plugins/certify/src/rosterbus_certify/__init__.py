"""Certificates of wheels: the conformance suite, run against the very file that others install."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rosterbus.hookspecs import hookimpl


@hookimpl
def commands() -> Sequence[click.Command]:
    """Add `rosterbus certify`."""
    from rosterbus_certify.command import certify

    return [certify]
