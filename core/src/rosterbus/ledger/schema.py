"""The tables of the ledger, in types that every SQL database knows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

from rosterbus.deliveries import Address


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as ISO text in UTC of fixed width, so that text order is time order."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a moment without a time zone was about to be written to the ledger"
            raise ValueError(msg)
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.fromisoformat(value)


class Place(TypeDecorator[Path]):
    """A path of a file or folder."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Path | None:  # noqa: ARG002
        return None if value is None else Path(value)


class AddressJSON(TypeDecorator[Address]):
    """The address of a delivery."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Address | None, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        if value is None:
            return None
        return {**asdict(value), "files": list(value.files)}

    def process_result_value(self, value: Any, dialect: Dialect) -> Address | None:  # noqa: ARG002
        return None if value is None else Address(**{**value, "files": tuple(value["files"])})


metadata = MetaData()


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, String, nullable=False, **options)


def _json(name: str) -> Column[Any]:
    return Column(name, JSON, nullable=False)


schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("pipeline"),
    _text("command"),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("exit_code", Integer),
    _json("summary"),
    sqlite_autoincrement=True,  # a fencing token is never given twice, not even after a purge
)

plans = Table(
    "plans",
    metadata,
    _text("id", primary_key=True),
    Column("run", Integer, nullable=False),
    _text("pipeline"),
    _text("delivery"),
    _text("target"),
    _text("hash"),
    Column("created_at", Moment, nullable=False),
    _text("verdict"),
    _text("state"),
    Column("folder", Place, nullable=False),
    Column("test", Boolean, nullable=False),
    _json("summary"),
    Column("ended_at", Moment),
    Index("plans_by_delivery", "pipeline", "delivery"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("id", primary_key=True),
    _text("plan", index=True),
    _text("pipeline"),
    _text("name"),
    _text("destination"),
    _text("target", index=True),
    _text("state"),
    _text("outcome"),
    Column("test", Boolean, nullable=False),
    Column("token", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("address", AddressJSON),
    Column("intent_at", Moment),
    Column("sent_at", Moment),
    Column("confirmed_at", Moment),
    Column("ended_at", Moment),
    _text("reason"),
    _json("evidence"),
)

remote_names = Table(
    "remote_names",
    metadata,
    _text("target", primary_key=True),
    _text("name", primary_key=True),  # so a name belongs to one plan, for ever
    _text("plan"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("pipeline"),
    _text("delivery"),
    _text("layout"),
    _text("version"),
    Column("path", Place),
    _json("recipe"),
    _text("kind"),
    Column("moved_at", Moment, nullable=False),
    Index("baselines_by_delivery", "pipeline", "delivery"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("plan"),
    _text("plan_hash", index=True),
    _text("by"),
    _text("reason"),
    _text("account"),
    _text("host"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

settlements = Table(
    "settlements",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("delivery", index=True),
    _text("settled"),
    _text("by"),
    _text("reason"),
    _text("account"),
    _text("host"),
    Column("settled_at", Moment, nullable=False),
)

extracts = Table(
    "extracts",
    metadata,
    _text("pipeline", primary_key=True),
    Column("accepted_at", Moment, nullable=False),
    _json("state"),
    Column("mirror", Place),
)

notices = Table(
    "notices",
    metadata,
    _text("pipeline", primary_key=True),
    _text("delivery", primary_key=True),
    _text("state"),
    Column("told_at", Moment, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    _text("kind"),
    _text("subject", index=True),
    _text("details"),
    _text("hash"),
)

chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("cut_seq", Integer, nullable=False),
    _text("cut_hash"),
    Column("head_seq", Integer, nullable=False),
    _text("head_hash"),
)
