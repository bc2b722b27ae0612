"""Closes the balance of one layout: what becomes of every row of its relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosterbus.engine import value
from rosterbus.plan.difference import Difference
from rosterbus.plan.refusals import refused_again
from rosterbus.plan.rendering import ACCEPTED, ORPHANED, REJECTED, Rendered
from rosterbus.plan.view import Counts

if TYPE_CHECKING:
    import duckdb


def tally(
    connection: duckdb.DuckDBPyConnection,
    rendered: Rendered,
    difference: Difference,
    *,
    newly_rejected: int,
    staged: bool,
) -> Counts:
    """Count the rows. Unless files are `staged`, the vendor has everybody: all accepted rows are unchanged.

    But for those that it refused as they are: they are rejected wherever they do not go again.
    """
    states = dict(
        connection.execute(f"SELECT _state, count(*) FROM {rendered.table} GROUP BY _state").fetchall()
    )
    accepted, orphaned = states.get(ACCEPTED, 0), states.get(ORPHANED, 0)
    sent = int(value(connection, f"SELECT count(*) FROM {rendered.table} WHERE {rendered.sent}"))
    sent = sent if staged else 0
    left = f"NOT ({rendered.sent})" if staged else "true"
    refused = f"_state = {ACCEPTED} AND {refused_again(rendered)} AND {left}"
    refused_still = int(value(connection, f"SELECT count(*) FROM {rendered.table} WHERE {refused}"))
    return Counts(
        read=rendered.read,
        staged=sent,
        unchanged=accepted - sent - refused_still,
        filtered=rendered.filtered + orphaned,
        rejected=states.get(REJECTED, 0) + refused_still,
        newly_rejected=newly_rejected,
        opted_out=rendered.opted_out,
        new=difference.new,
        changed=difference.changed + difference.mapping_changed,
        removed=difference.removed + difference.mapping_removed,
    )


def moves_anything(rendered: Rendered, difference: Difference) -> bool:
    """Whether sending this layout tells the vendor anything: where everybody is sent, also who is gone."""
    spec = rendered.layout.spec
    removed = difference.removed + difference.mapping_removed
    return bool(difference.moves or (removed and (spec.absence != "kept" or spec.sends == "everyone")))
