"""mySciLEARN: one update of the students who are there already, started over HTTPS and worked off as a job."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rosterbus.deliveries import Address, Delivery, Job, Loaded, Probe, Reconciled, Twin
from rosterbus.errors import RosterbusError
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

from rosterbus_scilearn import updates
from rosterbus_scilearn.answers import ANSWERS
from rosterbus_scilearn.endpoint import Endpoint
from rosterbus_scilearn.rules import RULES, judged
from rosterbus_scilearn.settings import Settings, address_of
from rosterbus_scilearn.students import layouts
from rosterbus_scilearn.updates import Account

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]


@hookimpl
def judge(plan: PlanView, settings: Values) -> Sequence[Finding]:
    """Apply what is published of update files, and the advice to run them when nobody uses the product."""
    return judged(plan, settings)


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """The account on its server; the file is called by the second, so that an e-mail about it can be told apart."""

    def of(moment: datetime) -> Address:
        stems = (posixpath.splitext(file.name)[0] for file in delivery.files)
        names = tuple(f"{stem}-{moment:%Y%m%d-%H%M%S}.csv" for stem in stems)
        return Address(f"{address_of(settings)}#{settings.login}", names)

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Start one update; what an earlier attempt may have started is looked for and never started again."""
    account = Account(Endpoint(settings), delivery, settings)
    if not delivery.was_sent:
        return updates.send(account)
    return updates.find_out(account)


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Compare the status with the one before the start; afterwards, see how far the update came."""
    known = updates.without_asking(delivery)
    return known or updates.find_out(Account(Endpoint(settings), delivery, settings))


@hookimpl
def job(delivery: Delivery, settings: Values, order: Literal["status", "cancel"]) -> Job:
    """Ask for the status, or cancel what has not been worked off yet."""
    known = updates.ended(delivery)
    if known:
        return known
    account = Account(Endpoint(settings), delivery, settings)
    return updates.cancel(account) if order == "cancel" else updates.ask(account)


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Ask for the status, which needs login and password and changes nothing."""
    try:
        endpoint = Endpoint(settings)
        seen = updates.seen_in(endpoint.status(), settings)
    except RosterbusError as error:
        return [Probe("credential", "failed", str(error))]
    if seen.state != "unknown":
        sentence = f"{endpoint.host} took login and password: {updates.SENTENCES[seen.state]}"
        return [Probe("credential", "proved", sentence)]
    sentence = (
        f"{endpoint.host} answered the status in words that are not known, and until they stand in `words` nothing "
        "is sent"
    )
    return [Probe("credential", "not provable without sending", sentence)]


@hookimpl
def twin(folder: Path, settings: Mapping[str, Any]) -> Twin:  # noqa: ARG001 - it has an account of its own
    """Start an HTTPS server with the three endpoints, and a loader that works off one job at a time."""
    from rosterbus_scilearn.standin import start

    return start(folder)
