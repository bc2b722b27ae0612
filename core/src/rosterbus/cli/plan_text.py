"""A plan as a person reads it: what would be sent, what not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rosterbus.findings import Finding
from rosterbus.plan.extraction import NOTHING_NEW
from rosterbus.plan.stored import StoredLayout, StoredPlan

WIDTH = 11
MOST_COLUMNS = 6
MOST_SENTENCES = 4
MOST_FILES = 12


def plans_lines(plans: Sequence[StoredPlan]) -> Iterator[str]:
    """The lines of all plans of a run; what is warned of in each of them is of the source, and is told once."""
    first = plans[0].findings if len(plans) > 1 else ()
    shared = [one for one in first if one.severity == "warn" and all(one in plan.findings for plan in plans)]
    if shared:
        yield f"{plans[0].pipeline} -> every delivery"
        yield from _findings(shared)
        yield ""
    for plan in plans:
        yield from (*plan_lines(plan, told=shared), "")


def plan_lines(plan: StoredPlan, *, told: Sequence[Finding] = ()) -> Iterator[str]:
    """The lines of one plan, without the findings that were `told` before."""
    test = "  (test file)" if plan.test else ""
    yield f"{plan.pipeline} -> {plan.delivery}{test}   {plan.guarantee}"
    for layout in plan.layouts:
        yield from _layout(layout)
    yield from unreadable_lines(plan)
    yield from _source_lines(plan)
    yield from _findings([one for one in plan.findings if one not in told])
    files = _files(plan)
    yield _row("verdict", f"{plan.verdict}   plan {plan.id}" + (f"   {files}" if files else ""))
    if plan.because and plan.verdict != "held":
        yield _row("", plan.because)
    if plan.verdict == "held":
        yield ""
        yield from hold_lines(plan)


def unreadable_lines(plan: StoredPlan) -> Iterator[str]:
    """Records of the export that could not be read, by file; the reports name their rows."""
    unreadable = [
        f"{raw['file']} {raw['rejected']:,} records" for raw in plan.raw.values() if raw["rejected"]
    ]
    if unreadable:
        yield _row("unreadable", ", ".join(unreadable))


def _source_lines(plan: StoredPlan) -> Iterator[str]:
    """What the source gave, where that was changes only, or nothing new."""
    for raw in plan.raw.values():
        if counts := raw.get("changes"):
            told = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
            yield _row("changes", f"{raw['file']}   {told or 'none'}")
    for finding in plan.findings:
        if finding.rule == NOTHING_NEW:
            yield _row("source", finding.sentence)


def remedy_lines(plan: StoredPlan) -> Iterator[str]:
    """What a person does about each rule of the vendor that refuses a plan."""
    refused = [one.if_wrong for one in plan.findings if one.severity == "refuse" and one.if_wrong]
    yield from (f"  to do      {remedy}" for remedy in dict.fromkeys(refused))


def hold_lines(plan: StoredPlan) -> Iterator[str]:
    """Each hold in its fixed parts: why, likely cause, if nothing is done, if the source is wrong, if it is right.

    What one rule says of a layout and of its schools stands together, and so does what it says of layouts alone.
    """
    together: dict[tuple[str, str], list[Finding]] = {}
    by_school = {finding.rule for finding in plan.holds if finding.school}
    for finding in plan.holds:
        place = finding.layout if finding.rule in by_school else finding.if_wrong + finding.if_right
        together.setdefault((finding.rule, place), []).append(finding)
    for (rule, _), found in together.items():
        first = found[0]
        schools = [finding.school for finding in found if finding.school]
        yield f"  held: {rule}" + (f" (school {schools[0]})" if len(found) == len(schools) == 1 else "")
        yield f"    why            {first.sentence}"
        yield from (f"                   {finding.sentence}" for finding in found[1:MOST_SENTENCES])
        if len(found) > MOST_SENTENCES:
            yield f"                   and {len(found) - MOST_SENTENCES} more; plan --json names them"
        approve = f"rosterbus approve {plan.id} --by NAME --reason TEXT && rosterbus apply {plan.id}"
        yield f"    likely cause   {first.cause or 'see the rule: ' + first.source}"
        yield f"    if you wait    {first.if_nothing or 'nothing of this plan is sent'}"
        yield f"    if it is wrong {first.if_wrong or 'mend the source and run again'}"
        yield f"    if it is right {first.if_right or approve}"


def next_line(plans: Sequence[StoredPlan]) -> str:
    """The next command to type."""
    ready = [plan for plan in plans if plan.verdict == "go"]
    if ready:
        return f"next: rosterbus apply {ready[0].id}, or rosterbus diff {ready[0].id} to see who changes"
    held = [plan for plan in plans if plan.verdict == "held"]
    return f"next: rosterbus diff {held[0].id} to see who changes" if held else ""


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _files(plan: StoredPlan) -> str:
    if len(plan.files) > MOST_FILES:
        return f"{len(plan.files):,} files   {size(sum(file.bytes for file in plan.files))}; plan --json names them"
    names = [*plan.remote, *(file.name for file in plan.files)]
    return "; ".join(
        f"{name}   {size(file.bytes)}   sha256 {file.sha256[:8]}"
        for file, name in zip(plan.files, names, strict=False)
    )


def _layout(layout: StoredLayout) -> Iterator[str]:
    counts = layout.counts
    yield _row(layout.name, f"read {counts['read']:,} ({layout.completeness}: {layout.proof})")
    filtered = f"   filtered {counts['filtered']:,}" if counts["filtered"] else ""
    newly = f" ({counts['newly_rejected']} new)" if counts["rejected"] else ""
    accepted = counts["staged"] + counts["unchanged"]
    same = accepted - counts["new"] - counts["changed"]
    changed = f"new {counts['new']:,}, changed {counts['changed']:,}, same {same:,}"
    rest = f"rejected {counts['rejected']:,}{newly}{filtered}   removed {counts['removed']:,}"
    yield _row(
        "",
        f"in the file {counts['staged']:,}: {changed}   {rest}",
    )
    if counts["leaver_rows"]:
        yield _row("", f"rows of leavers {counts['leaver_rows']:,}")
    if layout.problems:
        shown = list(layout.problems.items())[:MOST_COLUMNS]
        more = (
            f", {len(layout.problems) - len(shown)} more columns" if len(layout.problems) > len(shown) else ""
        )
        yield _row("rejected", ", ".join(f"{column or 'row'} {count:,}" for column, count in shown) + more)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    shown = [one for one in findings if one.severity in ("refuse", "warn", "not due")]
    for place, one in enumerate(shown):
        word = {"refuse": "refused", "not due": "not due", "warn": "warns"}[one.severity]
        yield _row("rules" if place == 0 else "", f"{word}: {one.sentence} ({one.source})")
        if one.if_wrong:
            yield _row("", f"  to do: {one.if_wrong}")


def _row(title: str, text: str) -> str:
    return f"  {title:<{WIDTH}}{text}".rstrip()
