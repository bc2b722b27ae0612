"""`rosterbus market search`: find connectors in the trusted marketplace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rosterbus.cards import KINDS
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import printable

from rosterbus_market.options import folder_option, mirror_option
from rosterbus_market.planning import Source
from rosterbus_market.state import MarketState
from rosterbus_market.telling import Sought, found, listed_json, listed_lines
from rosterbus_market.verified import newest_known


@click.command("search")
@click.argument("words", nargs=-1)
@click.option("--system", default="", help="The system it talks to, or a part of its name.")
@click.option("--kind", default="", type=click.Choice(["", *KINDS]), help="What it is.", metavar="KIND")
@click.option("--transport", default="", help="How it talks: sftp, s3, https, folder, database.")
@click.option("--maturity", default="", help="What its maintainers say of it, such as draft.")
@click.option("--certified", is_flag=True, help="Only with a certificate of the whole suite.")
@mirror_option
@json_option
@folder_option
def command(
    words: Sequence[str],
    system: str,
    kind: str,
    transport: str,
    maturity: str,
    certified: bool,
    mirror: Path | None,
    as_json: bool,
    folder: Path | None,
) -> int:
    """Find the connectors that all WORDS speak of; without words, every connector."""
    state = MarketState.of(folder)
    with state.alone():
        catalogue, old = newest_known(state, Source.of(state, mirror).marketplace)
    if old:
        click.echo(old, err=True)
    entries = found(catalogue, Sought(words, system, kind, transport, maturity, certified))
    if as_json:
        print_json({"connectors": [listed_json(one) for one in entries]})
    else:
        click.echo(
            "\n".join(map(printable, listed_lines(entries))) or "nothing of the marketplace matches that"
        )
    return 0
