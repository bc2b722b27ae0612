"""What a pipeline guards against, and what it announces as legitimate for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, get_args

import marshmallow
from marshmallow import fields

from rosterbus.project.documents import Origin
from rosterbus.project.validation import validate_settings
from rosterbus.settings import Settings, Values, number, text

Metric = Literal["removed", "changed", "identifiers", "rejected"]
METRICS: tuple[Metric, ...] = get_args(Metric)


@dataclass(frozen=True)
class Guards:
    """The limits past which a plan is held: shares of a layout's rows, in the whole and in each school.

    `orphans` is about rows of the export that refer to nothing. A share of 1 is never passed. Up to `floor` rows no
    share is judged. `max_age_days` is how old an export may be; None: its age is not judged. `unchanged_days` is how
    long a source may answer that it has nothing new; 0: for ever.
    """

    removed: float = 0.10
    changed: float = 0.75
    identifiers: float = 0.02
    rejected: float = 0.10
    orphans: float = 0.01
    floor: int = 25
    max_age_days: int | None = None
    unchanged_days: int = 14


@dataclass(frozen=True)
class Expect:
    """One announcement: up to `amount` rows of one metric are legitimate up to and including the day `until`.

    `amount` is ``"all"``, a share (a decimal) or a count (a whole number). A blank `school` or `layout`
    stands for every one.
    """

    metric: Metric
    amount: Literal["all"] | float | int
    until: date
    reason: str
    school: str = ""
    layout: str = ""

    def covers(self, count: int, of: int) -> bool:
        """Whether `count` of `of` rows are no more than was announced."""
        if isinstance(self.amount, str):
            return True
        return count <= (self.amount if isinstance(self.amount, int) else self.amount * of)


class AmountField(fields.Field[Literal["all"] | float | int]):
    """``"all"``, a share such as 0.25, or a count such as 40: TOML itself tells 1.0 from 1."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Literal["all"] | float | int:
        if value == "all":
            return "all"
        if isinstance(value, float) and 0 < value <= 1:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        msg = 'Must be "all", a share such as 0.25, or a whole number of rows.'
        raise marshmallow.ValidationError(msg)


class DayField(fields.Field[date]):
    """A day as TOML writes it, without quotes."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        if isinstance(value, datetime) or not isinstance(value, date):
            msg = "Must be a day, written without quotes: 2026-07-15."
            raise marshmallow.ValidationError(msg)
        return value


def _share(about: str, default: float) -> fields.Field[Any]:
    return number(
        f"the share of rows that may {about}; 1 switches the guard off", default=default, least=0, most=1
    )


class GuardSettings(Settings):
    """How ``[guards]`` and ``[deliver.<name>.guards]`` are written."""

    removed = _share("leave", Guards.removed)
    changed = _share("change", Guards.changed)
    identifiers = _share("change an identifier", Guards.identifiers)
    rejected = _share("newly be invalid", Guards.rejected)
    orphans = _share("refer to something that is not there, of a file", Guards.orphans)
    floor = number("up to this many rows no share is judged", default=Guards.floor, least=0)
    max_age_days = number("how many days old an export may be", least=1)
    unchanged_days = number(
        "for how many days the source may have nothing new, and be planned from what it gave before; 0: for ever",
        default=Guards.unchanged_days,
        least=0,
    )


class ExpectSettings(Settings):
    """How ``[[expect]]`` is written."""

    school = text("the school's id, as in the roster", default="")
    layout = text("the layout's name", default="")
    removed = AmountField(metadata={"about": "rows that may leave"})
    changed = AmountField(metadata={"about": "rows that may change"})
    identifiers = AmountField(metadata={"about": "rows whose identifier may change"})
    rejected = AmountField(metadata={"about": "rows that may be invalid"})
    until = DayField(required=True, metadata={"about": "the last day on which this is expected"})
    reason = text("why; it stands in every plan that uses it", required=True, pattern=r".*\S")


def read_guards(
    over: Guards, raw: Mapping[str, Any], origin: Origin, key_path: Sequence[str | int]
) -> Guards:
    """Lay the guards that were written over others."""
    values = validate_settings(GuardSettings, raw, origin, key_path)
    return replace(over, **{name: values[name] for name in raw})


def read_expects(written: Sequence[Values], origin: Origin) -> Iterator[Expect]:
    """Give one announcement for each metric that an ``[[expect]]`` names."""
    for index, values in enumerate(written):
        at = ("expect", index)
        metrics = [metric for metric in METRICS if metric in values]
        if not metrics:
            raise origin.error(at, "the announcement does not say what is expected", allowed=METRICS)
        if not (values.school or values.layout):
            wrong = "the announcement would switch a guard off everywhere"
            raise origin.error(at, wrong, allowed="a `school`, a `layout` or both")
        for metric in metrics:
            where = {"school": values.school, "layout": values.layout}
            yield Expect(metric, values[metric], values.until, values.reason, **where)
