{% from "folded.jinja" import imported %}
"""{{ cookiecutter.system }} by staging tables: a delivery is one transaction and one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import marshmallow
from rosterbus import settings
from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Loaded,
    NotStarted,
    Probe,
    Reconciled,
    Twin,
    Unsure,
)
from rosterbus.errors import RosterbusError
from rosterbus.findings import Finding, RuleDoc
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.view import PlanView
from rosterbus.settings import Values

from {{ cookiecutter.module }}.files import ASSUMED, layouts
from {{ cookiecutter.module }}.importer import ANSWERS

__all__ = ["ANSWERS", "RULES", "Settings", "layouts"]

{% include "destination_rules.jinja" %}


class Settings(settings.Settings):
    """The database and who logs in."""

    url = settings.text(
        "The database, as SQLAlchemy writes it: postgresql+psycopg://USER@HOST/NAME?sslmode=verify-full.",
        required=True,
    )
    password = settings.secret("The password of USER.")

    @marshmallow.validates("url")
    def _proved(self, value: str, **_: Any) -> None:
        url = urlsplit(value)
        if url.password:
            raise marshmallow.ValidationError("a password may not stand in a URL; write `password`")
        if url.hostname and parse_qs(url.query).get("sslmode") != ["verify-full"]:
            raise marshmallow.ValidationError("the server has to prove who it is; write ?sslmode=verify-full")


{% include "destination_judge.jinja" %}


@hookimpl
def address(delivery: Delivery, settings: Values) -> Address:
    """``<pipeline>-<yyyymmdd-hhmmss>``, of the first second whose name belongs to no other plan."""

    def of(moment: datetime) -> Address:
        name = f"{delivery.pipeline}-{moment:%Y%m%d-%H%M%S}"
        return Address(settings.url, tuple(f"{name}/{file.layout}" for file in delivery.files), name)

    return delivery.named_by_second(of)


@hookimpl
def load(delivery: Delivery, settings: Values) -> Loaded:
    """Insert every row, then the one that names the delivery; all is there after the commit, or nothing."""
{% set names = ["complete", "is_there", "stage", "transaction"] %}
    {{ imported(cookiecutter.module ~ ".staging", names, width=106) | indent(4) }}

    with transaction(settings) as connection:
        if is_there(connection, _name(delivery)):
            return _found(delivery)
        for file in delivery.files:
            stage(connection, _name(delivery), file)
            delivery.progress(file.name, file.bytes, file.bytes)
        complete(connection, _name(delivery))
        delivery.about_to_send()
    return Done({"delivery": _name(delivery)})


@hookimpl
def reconcile(delivery: Delivery, settings: Values) -> Reconciled:
    """Look for the row that names the delivery: without it there is nothing, whatever happened."""
    from {{ cookiecutter.module }}.staging import is_there, transaction

    with transaction(settings) as connection:
        return _found(delivery) if is_there(connection, _name(delivery)) else NotStarted()


@hookimpl
def probe(settings: Values) -> Sequence[Probe]:
    """Log in and look for the tables; whether one may write is not provable without writing."""
    from {{ cookiecutter.module }}.staging import tables_missing, transaction

    try:
        with transaction(settings) as connection:
            missing = tables_missing(connection)
    except RosterbusError as error:
        return [Probe("database", "failed", str(error))]
    found = f"these tables are missing: {', '.join(missing)}" if missing else "every staging table is there"
    return [Probe("database", "failed" if missing else "proved", found)]


{% include "destination_twin.jinja" %}


def _found(delivery: Delivery) -> Done | Unsure:
    if delivery.was_sent:
        return Done({"delivery": _name(delivery)})
    return Unsure(f"a delivery named {_name(delivery)} is there, and it is not this one")


def _name(delivery: Delivery) -> str:
    return str(delivery.addressed.marker)
