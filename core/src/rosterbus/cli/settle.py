"""`rosterbus settle`: say what became of a delivery that nobody else can know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from rosterbus.cli.shared_options import open_ledger, project_options
from rosterbus.delivery.deciding import settle
from rosterbus.errors import ConfigError
from rosterbus.ledger.records import Settled

AFTERWARDS: Mapping[Settled, str] = {
    "arrived": "the vendor counts as having its rows, and the next run compares with them",
    "not arrived": "its rows count as not sent, and the next run plans them again",
    "processed": "the vendor counts as having its rows, and as having worked them off",
}


@click.command("settle")
@click.argument("delivery", default="last")
@click.option("--arrived", is_flag=True, help="The vendor has it.")
@click.option("--not-arrived", is_flag=True, help="The vendor does not have it.")
@click.option("--processed", is_flag=True, help="The vendor has worked it off.")
@click.option("--by", required=True, help="Who says so.")
@click.option("--reason", required=True, help="How that is known.")
@project_options
def command(
    delivery: str,
    arrived: bool,
    not_arrived: bool,
    processed: bool,
    by: str,
    reason: str,
    folder: Path | None,
    environment: str,
) -> int:
    """Settle DELIVERY (a prefix of its id, a pipeline's name, or `last`)."""
    said: dict[Settled, bool] = {"arrived": arrived, "not arrived": not_arrived, "processed": processed}
    meant = [settled for settled, is_meant in said.items() if is_meant]
    if len(meant) != 1:
        allowed = "--arrived, --not-arrived or --processed, one of them"
        raise ConfigError("say what became of it", allowed=allowed)
    with open_ledger(folder, environment) as (_, ledger):
        record = settle(ledger, delivery, meant[0], by=by, reason=reason)
    click.echo(f"delivery {record.delivery} is settled: {record.settled}; {AFTERWARDS[meant[0]]}")
    return 0
