"""The verdict of a plan, given by its findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rosterbus.deliveries import StagedFile
from rosterbus.findings import Finding, Rule
from rosterbus.plan import stored
from rosterbus.plan.rendering import Rendered
from rosterbus.plan.view import LayoutView


@dataclass(frozen=True)
class Verdict:
    """What may happen to a plan, and the sentence that says why; `due` is when it may go, if it is a matter of time."""

    verdict: stored.Verdict
    because: str = ""
    due: datetime | None = None


def give_verdict(findings: Sequence[Finding], *, moves: bool, rejected: int = 0) -> Verdict:
    """The gravest finding decides; a plan that changes nothing at the vendor is ``nothing new``."""
    grave: tuple[tuple[str, stored.Verdict], ...] = (("refuse", "refused"), ("hold", "held"))
    for severity, verdict in grave:
        found = [finding for finding in findings if finding.severity == severity]
        if found:
            return Verdict(verdict, _first_of(list(dict.fromkeys(finding.sentence for finding in found))))
    if not moves:
        beside = f", but for {rejected:,} rejected rows" if rejected else ""
        return Verdict("nothing new", f"the vendor has it all{beside}")
    later = [finding for finding in findings if finding.severity == "not due"]
    if later:
        last = max(later, key=lambda finding: finding.until.timestamp() if finding.until else 0.0)
        return Verdict("not due", f"{last.sentence} ({last.source})", last.until)
    return Verdict("go")


def _first_of(sentences: Sequence[str]) -> str:
    more = f"; and {len(sentences) - 2} more" if len(sentences) > 2 else ""
    return "; ".join(sentences[:2]) + more


def warned(rendered: Rendered, warnings: Iterable[tuple[Rule, int]]) -> list[Finding]:
    """Rules that only warn, as findings."""
    name = rendered.layout.spec.name
    return [
        Finding(
            "warn",
            rule.columns[0],
            f"{rule.sentence} ({count} rows)",
            rule.source,
            layout=name,
            numbers={"count": count},
        )
        for rule, count in warnings
    ]


def limits(views: Mapping[str, LayoutView], files: Sequence[StagedFile]) -> list[Finding]:
    """Files that are larger than the vendor takes."""
    found = []
    for file in files:
        spec = views[file.layout].spec
        for what, has, most in (
            ("rows", file.rows, spec.limits.rows),
            ("bytes", file.bytes, spec.limits.bytes),
        ):
            if most is not None and has > most:
                sentence = f"`{file.name}` has {has:,} {what}; the vendor takes at most {most:,}"
                remedy = (
                    "let fewer through by `where` below `map` in the pipeline, or ask the vendor to take more"
                )
                found.append(
                    Finding(
                        "refuse", f"most {what}", sentence, spec.source, layout=spec.name, if_wrong=remedy
                    )
                )
    return found
