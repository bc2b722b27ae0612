"""The whole road of a roster on one machine: a made-up district, delivered to every vendor's twin."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rosterbus.hookspecs import hookimpl


@hookimpl
def commands() -> Sequence[click.Command]:
    """Add `rosterbus demo`."""
    from rosterbus_demo.command import demo

    return [demo]
