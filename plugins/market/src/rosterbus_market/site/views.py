"""What a page says of a release, taken from its card and its certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rosterbus.certificates import Certificate, TestOutcome

from rosterbus_market.catalogue import Attestation, Entry, Release
from rosterbus_market.site import wording
from rosterbus_market.site.described import described

ORDER = ("failed", "waived", "passed", "not applicable")
"""Outcomes, with what a reader must not miss first."""


@dataclass(frozen=True)
class ListedView:
    """One line of the list. `words` is what the search looks through."""

    name: str
    title: str
    about: str
    system: str
    kinds: Sequence[str]
    transports: Sequence[str]
    maturity: str
    standing: str
    ran: str
    version: str
    published: str
    withdrawn: str

    @classmethod
    def of(cls, entry: Entry) -> ListedView:
        """The line of a distribution, about its newest release that may be used."""
        release = entry.newest or entry.releases[0]
        certified = sorted(release.attestations, key=lambda one: one.ran != "marketplace")
        return cls(
            name=wording.short(entry),
            title=release.card.title,
            about=release.description,
            system=release.card.system,
            kinds=[wording.KINDS.get(kind, kind) for kind in release.card.kind],
            transports=[wording.TRANSPORTS.get(one, one) for one in release.card.transports],
            maturity=release.card.maturity,
            standing=wording.STANDINGS[wording.standing(release)],
            ran=wording.ran_by(certified[0]) if certified else "",
            version=release.version,
            published=wording.day(release.published),
            withdrawn="" if entry.newest or not release.withdrawn else release.withdrawn.reason,
        )

    @property
    def words(self) -> str:
        """Everything that somebody may type to find it, in small letters."""
        parts = (self.name, self.title, self.about, self.system, *self.kinds, *self.transports)
        return " ".join(parts).casefold()


@dataclass(frozen=True)
class Fact:
    """One answer to what a reader wants to know in the first minute; `more` leads to the place with all of it."""

    question: str
    answers: Sequence[str]
    more: str = ""


@dataclass(frozen=True)
class CertificateView:
    """A certificate with who ran it."""

    attestation: Attestation
    release: Release

    @property
    def whole(self) -> Certificate:
        """The certificate itself."""
        return self.attestation.certificate

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many tests ended how, failures first."""
        found = Counter(one.outcome for one in self.whole.outcomes)
        return [(outcome, found[outcome]) for outcome in ORDER if found[outcome]]  # type: ignore[index]

    @property
    def outcomes(self) -> list[TestOutcome]:
        """Every test, in the order of what a reader must not miss."""
        return sorted(self.whole.outcomes, key=lambda one: ORDER.index(one.outcome))

    @property
    def is_of_this_wheel(self) -> bool:
        """Whether it is about the very bytes that are offered."""
        return self.whole.sha256 == self.release.sha256


def plugins_of(release: Release) -> list[Mapping[str, Any]]:
    """What was described of each plugin when the suite ran; nothing where there is no certificate."""
    certificate = release.certificate
    if certificate is None:
        return []
    return [{"plugin": name, **described(one)} for name, one in sorted(certificate.described.items())]


def facts_of(release: Release) -> list[Fact]:
    """The first minute: what leaves, whither, how often, and who says so."""
    card, plugins = release.card, plugins_of(release)
    layouts = [layout for one in plugins for layout in one["layouts"]]
    facts = [
        Fact("What it sends", [_sent(layout) for layout in layouts], "#columns"),
        Fact("Where it connects to", _hosts(card.hosts), "#trust"),
        Fact("How often a plan can arrive", [card.guarantee]),
        Fact("Who is not in the file", [card.absence]),
        Fact("What its maker does not publish", list(card.unknown)),
        Fact("Proved by", [_proved(release)], "#certificate"),
    ]
    return [fact for fact in facts if any(fact.answers)]


def _hosts(declared: Sequence[str]) -> list[str]:
    if not declared:
        return ["Nowhere, it declares."]
    named = "; names in braces are settings of yours" if any("{" in one for one in declared) else ""
    return [*declared, f"That is what it declares{named}."]


def _sent(layout: Mapping[str, Any]) -> str:
    return f"{len(layout['columns'])} columns of {layout['rows'].replace('_', ' ')} in {layout['file']}"


def _proved(release: Release) -> str:
    if not release.attestations:
        return "Nobody: no certificate came with it."
    best = sorted(release.attestations, key=lambda one: one.ran != "marketplace")[0]
    counts = Counter(one.outcome for one in best.certificate.outcomes)
    waived = f", {counts['waived']} waived with a reason" if counts["waived"] else ""
    tests = "test" if counts["passed"] == 1 else "tests"
    return f"{counts['passed']} {tests} of the conformance suite passed{waived}; {wording.ran_by(best)}."
