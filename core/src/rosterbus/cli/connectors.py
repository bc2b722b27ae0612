"""`rosterbus connectors`: what is installed, what is broken, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.plugins import Installed, examine


@click.command("connectors")
@json_option
def command(as_json: bool) -> int:
    """Show every connector and plugin that is installed, and what is wrong with those that cannot be used."""
    found = examine()
    if as_json:
        print_json({"plugins": [_told(one) for one in found]})
        return 0
    click.echo(
        "\n".join(_lines(found)) or "nothing is installed; for example: pip install rosterbus-oneroster"
    )
    return 0


def _lines(found: Sequence[Installed]) -> Iterator[str]:
    name_width = max((len(one.name) for one in found), default=0)
    origin_width = max((len(one.origin) for one in found), default=0)
    for kind in dict.fromkeys(one.kind for one in found):
        yield f"{kind}s"
        for one in found:
            if one.kind == kind:
                maturity = f" ({one.card.maturity})" if one.card else ""
                title = f"{one.card.title}{maturity}" if one.card else ""
                yield f"  {one.name:<{name_width}}  {one.origin:<{origin_width}}  {title}".rstrip()
                if one.problem:
                    yield f"  {'':<{name_width}}  BROKEN: {one.problem}"


def _told(one: Installed) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "distribution": one.distribution,
        "version": one.version,
        "title": one.card.title if one.card else None,
        "maturity": one.card.maturity if one.card else None,
        "problem": one.problem,
    }
