"""Closes the balance of one layout: what becomes of every row of its relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rosterbus.engine import value
from rosterbus.plan.difference import Difference
from rosterbus.plan.refusals import refused_again
from rosterbus.plan.rendering import ACCEPTED, CHANGED, NEW, ORPHANED, REJECTED, Rendered
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
    refused = _refused(connection, rendered, staged=staged)
    refused_still = sum(refused.values())
    return Counts(
        read=rendered.read,
        staged=sent,
        unchanged=accepted - sent - refused_still,
        filtered=rendered.filtered + orphaned,
        rejected=states.get(REJECTED, 0) + refused_still,
        newly_rejected=newly_rejected,
        opted_out=rendered.opted_out,
        new=difference.new - refused.get(NEW, 0),
        changed=difference.changed + difference.mapping_changed - refused.get(CHANGED, 0),
        removed=difference.removed + difference.mapping_removed,
    )


def _refused(connection: duckdb.DuckDBPyConnection, rendered: Rendered, *, staged: bool) -> dict[int, int]:
    """The rows that were refused as they are and do not go again, by what they would be for the vendor."""
    left = f"NOT ({rendered.sent})" if staged else "true"
    where = f"_state = {ACCEPTED} AND {refused_again(rendered)} AND {left}"
    counted = connection.execute(f"SELECT _change, count(*) FROM {rendered.table} WHERE {where} GROUP BY 1")
    return dict(counted.fetchall())


def moves_anything(rendered: Rendered, difference: Difference) -> bool:
    """Whether sending this layout tells the vendor anything: where everybody is sent, also who is gone."""
    spec = rendered.layout.spec
    removed = difference.removed + difference.mapping_removed
    return bool(difference.moves or (removed and (spec.absence != "kept" or spec.sends == "everyone")))
