"""The project folder: `rosterbus.toml`, which says where the state is kept and who is told and asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from marshmallow import fields

from rosterbus.errors import ConfigError
from rosterbus.gate import Guarded, enter
from rosterbus.guarding import MARKET, PROJECT_FILE, STATE, find_project_file
from rosterbus.lock import LOCK
from rosterbus.notices import KINDS
from rosterbus.project.documents import Document, Documented, Origin, read_document
from rosterbus.project.validation import validate_settings
from rosterbus.settings import Settings, Values, group, number, table, text, texts

BaselineKind = Literal["values", "digests"]
BASELINES: tuple[BaselineKind, ...] = get_args(BaselineKind)


@dataclass(frozen=True)
class Retention:
    """How long files and records are kept."""

    staged_days: int = 7
    report_days: int = 90
    ledger_years: int = 7


@dataclass(frozen=True)
class Notifier:
    """Who is told of what: a notifier's name ("mail"), kinds of notice, and its own settings as written."""

    by: str
    on: tuple[str, ...]
    settings: Mapping[str, Any]
    key_path: tuple[str | int, ...]


@dataclass(frozen=True)
class Project(Documented):
    """A project folder. `file` is None where there is no `rosterbus.toml` and everything has its default.

    `state_dir` is where ledger, baselines and staged files live; nothing of it has been created. `exclude` is
    the list of opt-outs, to be read with `read_optouts`. `environment` is blank for the project itself. `guarded`
    says where its lock would be, and how strictly it is taken.
    """

    state_dir: Path
    environment: str = ""
    timezone: ZoneInfo | None = None
    notifiers: tuple[Notifier, ...] = ()
    retention: Retention = Retention()
    approvers: tuple[str, ...] = ()
    approval_hours: int = 24
    plan_hours: int = 24
    baseline: BaselineKind = "values"
    exclude: Path | None = None
    guarded: Guarded | None = None


class RetentionSettings(Settings):
    """How ``[retention]`` is written."""

    staged_days = number("days that staged files stay after the end", default=Retention.staged_days, least=0)
    report_days = number("days that reports are kept", default=Retention.report_days, least=1)
    ledger_years = number("years that the ledger is kept", default=Retention.ledger_years, least=1)


class PrivacySettings(Settings):
    """How ``[privacy]`` is written."""

    # marshmallow has an `exclude` of its own
    optouts = fields.String(
        data_key="exclude",
        required=True,
        metadata={"about": "a CSV file of opt-outs with the columns id, vendor and reason"},
    )


class MarketSettings(Settings):
    """How ``[market]`` is written."""

    lock = text(
        "what becomes of a plugin that is not as rosterbus.lock has it",
        default="refuse",
        choices=("refuse", "warn"),
    )
    warn_after_days = number(
        "days after which a run tells that the marketplace was not asked",
        default=Guarded.warn_after_days,
        least=1,
    )


class ProjectSettings(Settings):
    """How `rosterbus.toml` is written."""

    state_dir = text("the folder of ledger, baselines and staged files", default=STATE)
    timezone = text("the time zone of pipelines that name none, such as America/Chicago")
    notify = fields.List(
        fields.Dict(keys=fields.String()), load_default=list, metadata={"about": "who is told of what"}
    )
    retention = group(RetentionSettings, "how long files and records are kept")
    approvers = texts("accounts that may approve; empty: everybody who can run the project")
    approval_hours = number("hours until an approval expires", default=Project.approval_hours, least=1)
    plan_hours = number("hours until a plan is too old to apply", default=Project.plan_hours, least=1)
    baseline = text("what is kept of what a vendor holds", default="values", choices=BASELINES)
    privacy = group(PrivacySettings, "who is told to nobody")
    market = group(MarketSettings, "how strictly the lock of installed connectors is taken")
    environments = table("tables of settings that replace the others with --environment NAME")


class NotifierSettings(Settings):
    """How the part of ``[[notify]]`` is written that is the same for every notifier."""

    by = text("mail, webhook, command or the name of an installed plugin", required=True)
    on = fields.List(text("", choices=KINDS), metadata={"about": "kinds of notice; all of them if absent"})


def load_project(folder: Path | None = None, *, environment: str = "") -> Project:
    """Read the `rosterbus.toml` of a folder (default: the current one) or of the nearest folder above it.

    Where there is none, every setting has its default and the state is kept in the folder itself. Raises
    ConfigError for what is wrong in the file and for an environment that it does not declare.
    """
    start = (folder or Path.cwd()).resolve()
    if not start.is_dir():
        raise ConfigError("there is no such project folder", file=start)
    file = find_project_file(start)
    document = read_document(file, folder=file.parent) if file else Document({}, start)
    declared = document.values.get("environments", {})
    if environment and not (isinstance(declared, Mapping) and environment in declared):
        names = list(declared) or f"none; declare it as [environments.{environment}] in {PROJECT_FILE}"
        raise ConfigError("there is no such environment", file=file, found=environment, allowed=names)
    guarded = _guarded(document)
    enter(guarded)
    return replace(_project(document.in_environment(environment), environment), guarded=guarded)


def read_timezone(origin: Origin, name: str) -> ZoneInfo:
    """Check the name of a time zone that stands under the key `timezone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = get_close_matches(name, available_timezones()) or 'a name such as "America/Chicago"'
        raise origin.error(
            ("timezone",), "there is no such time zone", found=repr(name), allowed=near
        ) from error


def _project(document: Document, environment: str) -> Project:
    values = validate_settings(ProjectSettings, document.values, document)
    return Project(
        document=document,
        state_dir=_state_dir(document, values.state_dir, environment),
        environment=environment,
        timezone=read_timezone(document, values.timezone) if values.timezone else None,
        notifiers=tuple(_notifier(document, raw, index) for index, raw in enumerate(values.notify)),
        retention=Retention(**values.retention) if values.retention else Retention(),
        approvers=tuple(values.approvers),
        approval_hours=values.approval_hours,
        plan_hours=values.plan_hours,
        baseline=values.baseline,
        exclude=_exclude(document, values),
    )


def _state_dir(document: Document, written: str, environment: str) -> Path:
    """The state of an environment is its own: a baseline of a test is no baseline of the real vendor."""
    own = environment and "state_dir" in document.values["environments"][environment]
    suffix = f"-{environment}" if environment and not own else ""
    path = (document.folder / Path(written + suffix).expanduser()).resolve()
    if document.folder.resolve().is_relative_to(path):
        raise document.error(
            ("state_dir",), "the state needs a folder of its own, closed to others", found=repr(written)
        )
    return path


def _guarded(document: Document) -> Guarded:
    """One environment of Python, one lock, whatever environment of the project is meant."""
    values = validate_settings(ProjectSettings, document.values, document)
    state_dir = _state_dir(document, values.state_dir, "")
    said = values.market or MarketSettings().load({})
    return Guarded(document.folder / LOCK, state_dir / MARKET, said.lock == "warn", said.warn_after_days)


def _exclude(document: Document, values: Values) -> Path | None:
    at = ("privacy", "exclude")
    return document.path_inside(at, values.privacy.optouts) if values.privacy else None


def _notifier(document: Document, raw: Mapping[str, Any], index: int) -> Notifier:
    at = ("notify", index)
    shared = {key: raw[key] for key in ("by", "on") if key in raw}
    values = validate_settings(NotifierSettings, shared, document, at)
    own = {key: value for key, value in raw.items() if key not in shared}
    return Notifier(values.by, tuple(values.get("on", KINDS)), own, at)
