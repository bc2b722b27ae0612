"""`rosterbus new`: a connector of your own out of the template, and its upgrade when the template moves."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rosterbus.hookspecs import hookimpl


@hookimpl
def commands() -> Sequence[click.Command]:
    """Add `rosterbus new`."""
    from rosterbus_new.command import new

    return [new]
