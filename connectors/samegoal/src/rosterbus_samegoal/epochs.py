"""An epoch: a folder named by the time, taken by SameGoal when it holds COMPLETE, which is written last."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime, timedelta
from typing import Any

from rosterbus.deliveries import Address, Delivery, Done, Loaded, NotStarted, Partly, Reconciled, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_sftp import Remote, target

from rosterbus_samegoal.published import EPOCH, MARKER


def address(delivery: Delivery, settings: Values) -> Address:
    """The first second from now on, by the clock of the pipeline, whose epoch belongs to no other plan."""

    def of(moment: datetime) -> Address:
        epoch = f"{settings.upload}/{moment:{EPOCH}}"
        files = tuple(f"{epoch}/{file.name}" for file in delivery.files)
        return Address(target(settings, settings.upload), files, f"{epoch}/{MARKER}")

    return delivery.named_by_second(of)


def send(remote: Remote, delivery: Delivery, settings: Values) -> Loaded:
    """Files first, every size listed, COMPLETE last: SameGoal reads nothing before it."""
    found = look(remote, delivery, settings, ours=delivery.was_sent)
    if isinstance(found, Done | Unsure):
        return found
    marker = str(delivery.addressed.marker)
    evidence = remote.put_all(delivery)
    _check(remote, delivery, posixpath.dirname(marker))
    delivery.about_to_send()
    try:
        remote.mark(marker)
    except RetriableError:
        raise
    except ConnectorError:
        # A server may create a file and still answer that it failed.
        found = look(remote, delivery, settings, ours=True)
        if isinstance(found, Done | Unsure):
            return found
        raise
    return Done({**evidence, "marker": marker, **waiting(delivery, settings)})


def look(remote: Remote, delivery: Delivery, settings: Values, *, ours: bool) -> Reconciled:
    """What became of an epoch. A COMPLETE is believed to be ours only if we had declared that we write it.

    The folder that SameGoal moves epochs to is looked at last, so that one on its way is not missed.
    """
    marker = str(delivery.addressed.marker)
    epoch = posixpath.dirname(marker)
    taken = f"{settings.processed}/{posixpath.basename(epoch)}"
    complete, begun = remote.exists(marker), remote.is_folder(epoch)
    processed = remote.is_folder(taken)
    if (processed or complete) and not ours:
        return Unsure(f"{taken if processed else epoch} was completed by somebody else than this delivery")
    if processed:
        return Done({"processed": taken}, outcome="processed")
    if complete:
        return Done({"marker": marker, **waiting(delivery, settings)})
    if begun:
        return Partly(f"{epoch} is there without {MARKER}")
    if ours:
        return Unsure(
            f"{epoch} is neither there nor in {settings.processed}, where SameGoal moves what it took"
        )
    return NotStarted()


def waiting(delivery: Delivery, settings: Values) -> dict[str, Any]:
    """Since when SameGoal could have taken it, and whether that is longer than it should be."""
    overdue = datetime.now(UTC) - delivery.at > timedelta(hours=settings.overdue_hours)
    return {"waiting_since": delivery.at.isoformat(), "overdue": overdue}


def _check(remote: Remote, delivery: Delivery, epoch: str) -> None:
    """One listing must show exactly the planned files, whole; what is missing goes with the next attempt."""
    planned = {
        posixpath.basename(name): file.bytes
        for name, file in zip(delivery.addressed.files, delivery.files, strict=True)
    }
    listed = remote.names(epoch)
    if strange := sorted(set(listed) - set(planned) - {MARKER}):
        raise ConnectorError(
            f"{epoch} on {remote.server} holds something else beside the planned files: {', '.join(strange)}; "
            f"it was left without {MARKER}"
        )
    if short := [name for name, size in planned.items() if listed.get(name) != size]:
        raise RetriableError(
            f"{epoch} on {remote.server} does not hold {', '.join(short)} in full; the next run goes on from there"
        )
