"""The core's own rules of a plan: a roster that shrank, changed or emptied is held until a person has looked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.plan.difference import SchoolCounts
from rosterbus.plan.extraction import NOTHING_NEW
from rosterbus.plan.view import LayoutView, PlanView

IF_NOTHING = "the vendor keeps what it holds now, and nothing of this plan is sent"
IF_WRONG = "mend the export and run the pipeline again; the new plan takes the place of this one"
CAUSES = {
    "removed": "an export that is not whole: a school, a grade or a page missing, or a filter changed",
    "changed": "a column moved, a format changed, or the export of another year",
    "identifiers": "ids made by another rule, or columns exchanged; the vendor would make new accounts",
    "rejected": "a column with another format or meaning than before",
}
LEAST_WHOLE = 5
"""Fewer rows come and go singly; a school or layout of this size that vanishes whole is asked about."""


class Guards:
    """The plugin that the core registers as ``rule:guards``."""

    @hookimpl
    def judge(self, plan: PlanView, settings: Any) -> Sequence[Finding]:  # noqa: ARG002 - the spec names it
        """Judge baseline, source and shares, per layout and per school."""
        found = [*_source(plan)]
        for view in plan.layouts.values():
            found += _baseline(plan, view)
            if not plan.test:
                found += [
                    *_zero(view),
                    *_shares(plan, view),
                    *_emptied(plan, view),
                    *_recipe(view),
                    *_partial(plan, view),
                ]
        return found


def _baseline(plan: PlanView, view: LayoutView) -> Iterator[Finding]:
    harmless = view.spec.absence == "kept" and view.spec.sends == "everyone"
    if view.has_baseline or harmless or plan.test:
        return
    say = f"rosterbus baseline {plan.pipeline} --deliver {plan.delivery}"
    yield Finding(
        "hold",
        "no baseline",
        f"nobody knows what {plan.delivery} holds of `{view.spec.name}`, and what is missing from the file is "
        f"{view.spec.absence} there",
        layout=view.spec.name,
        cause="the first delivery of this pipeline",
        if_nothing=IF_NOTHING,
        if_wrong=f"{say} --from FILE, with what the vendor holds",
        if_right=f"{say} --empty, if the vendor holds nothing yet",
    )


def _source(plan: PlanView) -> Iterator[Finding]:
    if plan.as_of and plan.last_as_of and plan.as_of < plan.last_as_of:
        yield _hold(
            "source older than before",
            f"the export was made {plan.as_of:%Y-%m-%d %H:%M}, before the last one ({plan.last_as_of:%Y-%m-%d %H:%M})",
            cause="an old file was put back, or a copy job is stuck",
        )
    most = plan.guards.max_age_days
    if plan.as_of and most is not None and plan.now - plan.as_of > timedelta(days=most):
        yield _hold(
            "source too old",
            f"the export was made {plan.as_of:%Y-%m-%d %H:%M}, more than {most} days ago",
            cause="the job in the SIS that writes the export no longer runs",
        )
    yield from _unchanged(plan)
    for finding in plan.extract_findings:
        rows, of = finding.numbers.get("rows", 0), finding.numbers.get("of", 0)
        if rows > plan.guards.floor and rows > of * plan.guards.orphans and of:
            yield _hold(
                f"share of {finding.rule}",
                f"{finding.sentence}: {rows / of:.0%}; the limit is {plan.guards.orphans:.0%}",
                cause="files of different days, or one of them cut off",
                numbers=finding.numbers,
            )
    for table, columns in plan.lost_columns.items():
        yield _hold(
            "columns lost",
            f"`{table}` no longer has {_named(columns)}",
            cause="another export template, or a renamed header",
        )


def _unchanged(plan: PlanView) -> Iterator[Finding]:
    """A source that has had nothing new for too long is more likely broken than quiet."""
    most = plan.guards.unchanged_days
    for finding in plan.extract_findings:
        if finding.rule == NOTHING_NEW and most and (days := finding.numbers["days"]) > most:
            yield _hold(
                "nothing new for too long",
                f"the source has given nothing new for {days} days; `unchanged_days` allows {most}",
                cause="the job in the SIS that writes the export no longer runs, or writes to another place",
                numbers={"days": days, "allowed": most},
            )


def _zero(view: LayoutView) -> Iterator[Finding]:
    if view.counts.read == 0 and view.difference.had > 0:
        yield _hold(
            "zero rows",
            f"`{view.spec.rows}` has no rows at all, and the vendor holds {view.difference.had}",
            cause="a header-only or empty export",
            layout=view.spec.name,
        )


def _shares(plan: PlanView, view: LayoutView) -> Iterator[Finding]:
    """Each share of the whole layout and of each school, above the floor for small numbers."""
    whole = SchoolCounts(
        had=view.difference.had,
        read=view.counts.read - view.counts.filtered,
        changed=view.difference.changed,
        removed=view.difference.removed,
        rejected=view.counts.newly_rejected,
        identifiers=sum(counts.identifiers for counts in view.difference.schools.values()),
    )
    schools = sorted((school, counts) for school, counts in view.difference.schools.items() if school)
    for school, counts in [("", whole), *schools]:
        for metric in ("removed", "changed", "identifiers", "rejected"):
            yield from _share(plan, view, school, counts, metric=metric)


def _share(
    plan: PlanView, view: LayoutView, school: str, counts: SchoolCounts, *, metric: str
) -> Iterator[Finding]:
    count = getattr(counts, metric)
    of = _of(counts, metric)
    limit = float(getattr(plan.guards, metric))
    vanished = metric == "removed" and counts.had >= LEAST_WHOLE and count >= counts.had
    too_many = count > plan.guards.floor and count / of > limit
    if not (too_many or vanished):
        return
    where = f" of school {school}" if school else ""
    verb = {"identifiers": "change an identifier", "rejected": "are newly rejected"}.get(
        metric, f"are {metric}"
    )
    sentence = f"{count} of {of} rows ({count / of:.0%}) of `{view.spec.name}`{where} {verb}; the limit is {limit:.0%}"
    numbers = {"count": count, "of": of, "limit": limit}
    reason = _expected(plan, view, school, counts, metric=metric)
    if reason:
        yield Finding(
            "warn",
            f"{metric}, as announced",
            f"{sentence}; announced: {reason}",
            layout=view.spec.name,
            school=school,
            numbers=numbers,
        )
        return
    yield _hold(
        f"share {metric}",
        sentence,
        cause=CAUSES[metric],
        layout=view.spec.name,
        school=school,
        numbers=numbers,
    )


def _of(counts: SchoolCounts, metric: str) -> int:
    """What a count of rows is a share of; never 0."""
    return max(counts.read if metric == "rejected" else counts.had, 1)


def _expected(plan: PlanView, view: LayoutView, school: str, counts: SchoolCounts, *, metric: str) -> str:
    """The reason of an `[[expect]]` entry that announced this, or nothing.

    An announcement for a school also explains its part of the whole layout's share.
    """
    announced = [
        one
        for one in plan.expects
        if one.until >= plan.now.date() and one.metric == metric and one.layout in ("", view.spec.name)
    ]
    count, of = getattr(counts, metric), _of(counts, metric)
    for one in announced:
        if one.school in ("", school) and one.covers(count, of):
            return one.reason
    explained = (
        {}
        if school
        else {
            one.school: one.reason
            for one in announced
            if (part := view.difference.schools.get(one.school))
            and one.covers(getattr(part, metric), _of(part, metric))
        }
    )
    rest = count - sum(getattr(view.difference.schools[name], metric) for name in explained)
    within = rest <= plan.guards.floor or rest / of <= float(getattr(plan.guards, metric))
    return "; ".join(explained.values()) if within else ""


def _emptied(plan: PlanView, view: LayoutView) -> Iterator[Finding]:
    if view.counts.read - view.counts.filtered <= plan.guards.floor:
        return
    known = view.difference.mapping_columns
    columns = [
        name
        for name, (then, now) in view.filled().items()
        if then > plan.guards.floor and now == 0 and name not in known
    ]
    if columns:
        yield _hold(
            "columns emptied",
            f"{_named(columns)} of `{view.spec.name}` is blank in every row and was not before",
            cause="a column left out of the export, or renamed",
            layout=view.spec.name,
        )


def _recipe(view: LayoutView) -> Iterator[Finding]:
    difference, name = view.difference, view.spec.name
    if difference.recipe_failed:
        yield _hold(
            "mapping edited",
            f"the mapping of `{name}` was edited, and the old one no longer fits the source, so that nobody can tell "
            "what the edit changes from what changed at the schools",
            cause="an edited mapping together with another export",
            layout=name,
        )
    anchors = {*view.spec.key, *view.spec.identifiers} & set(difference.mapping_columns)
    if anchors and difference.had:
        yield _hold(
            "identifiers changed by the mapping",
            f"the edited mapping gives other values for {_named(sorted(anchors))} of `{name}`",
            cause="an edited mapping; the vendor would take the same people for others",
            layout=name,
        )
    elif difference.mapping_changed or difference.mapping_removed:
        columns = _named(difference.mapping_columns) or "which rows are sent"
        rows = f"{difference.mapping_changed} rows differ, {difference.mapping_removed} leave"
        yield Finding(
            "warn",
            "changed by the mapping",
            f"changed by the mapping: {columns} ({rows})",
            layout=name,
        )


def _partial(plan: PlanView, view: LayoutView) -> Iterator[Finding]:
    """Removals are believed only of a table that can be read and is not known to be partial."""
    removes = view.spec.absence != "kept" and view.difference.removed > 0
    if removes and view.completeness.level == "partial":
        yield _hold(
            "removals from a partial table",
            f"{view.difference.removed} rows of `{view.spec.name}` are missing, but the source says it is not whole "
            f"({view.completeness.proof})",
            cause="an export of some of the schools or of changes only",
            layout=view.spec.name,
        )
    elif removes and plan.unreadable:
        yield _hold(
            "removals beside unreadable rows",
            f"{view.difference.removed} rows of `{view.spec.name}` are missing while {plan.unreadable} records of the "
            "export cannot be read; they may be the same people",
            cause="damaged lines in the export",
            layout=view.spec.name,
        )


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


def _hold(
    rule: str,
    sentence: str,
    *,
    cause: str,
    layout: str = "",
    school: str = "",
    numbers: dict[str, Any] | None = None,
) -> Finding:
    return Finding(
        "hold",
        rule,
        sentence,
        layout=layout,
        school=school,
        cause=cause,
        if_nothing=IF_NOTHING,
        if_wrong=IF_WRONG,
        numbers=numbers or {},
    )
