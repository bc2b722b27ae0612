"""What the market says of connectors on a terminal: found ones in lines, one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rosterbus.certificates import Certificate

from rosterbus_market.agreeing import RIGHTS, certificate_line
from rosterbus_market.catalogue import Catalogue, Entry, Release
from rosterbus_market.site.views import ListedView, plugins_of
from rosterbus_market.site.wording import ran_by, short


@dataclass(frozen=True)
class Sought:
    """What is sought: words that all must be there, and what a connector must be; blank for any."""

    words: Sequence[str] = ()
    system: str = ""
    kind: str = ""
    transport: str = ""
    maturity: str = ""
    certified: bool = False

    def matches(self, entry: Entry) -> bool:
        """Whether the newest release of a connector is what is sought."""
        release = entry.newest
        if entry.core or release is None:
            return False
        card, text = release.card, ListedView.of(entry).words
        return (
            all(word.casefold() in text for word in self.words)
            and self.system.casefold() in card.system.casefold()
            and self.kind in ("", *card.kind)
            and self.transport in ("", *card.transports)
            and self.maturity in ("", card.maturity)
            and (not self.certified or _standing(release) == "certified")
        )


def found(catalogue: Catalogue, sought: Sought) -> list[Entry]:
    """The connectors that match, by name."""
    return sorted((one for one in catalogue.entries if sought.matches(one)), key=short)


def listed_json(entry: Entry) -> dict[str, Any]:
    """One found connector for machines."""
    release = entry.newest or entry.releases[0]
    card = release.card
    return {
        "name": short(entry),
        "distribution": entry.distribution,
        "version": release.version,
        "title": card.title,
        "kind": list(card.kind),
        "system": card.system,
        "transports": list(card.transports),
        "maturity": card.maturity,
        "standing": _standing(release),
        "description": release.description,
    }


def listed_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """A line for each found connector."""
    width = max((len(short(one)) for one in entries), default=0)
    for one in entries:
        told = listed_json(one)
        kinds = "+".join(told["kind"])
        yield f"{told['name']:<{width}}  {told['version']}  {kinds}, {told['standing']}: {told['title']}"


def shown_json(entry: Entry, release: Release) -> dict[str, Any]:
    """Everything of one release for machines, and what other releases there are."""
    return {
        **listed_json(entry),
        **{key: value for key, value in asdict(release).items() if key not in ("content", "attestations")},
        "certificates": [
            {"ran": one.ran, "on": one.on, **asdict(one.certificate)} for one in release.attestations
        ],
        "versions": [
            {
                "version": one.version,
                "published": one.published,
                "withdrawn": asdict(one.withdrawn) if one.withdrawn else None,
            }
            for one in entry.releases
        ],
    }


def shown_lines(entry: Entry, release: Release) -> Iterator[str]:
    """One release in full."""
    card = release.card
    yield f"{short(entry)} {release.version}: {card.title}"
    yield f"  {release.description}"
    if release.withdrawn:
        yield f"  WITHDRAWN on {release.withdrawn.on}: {release.withdrawn.reason}"
    yield from _facts(release)
    for plugin in plugins_of(release):
        yield from _plugin_lines(plugin)
    yield "certificates"
    for one in release.attestations:
        yield from _certificate_lines(one.certificate, ran_by(one))
    if not release.attestations:
        yield f"  {certificate_line(release)}"
    yield "versions"
    for other in entry.releases:
        gone = f"  WITHDRAWN on {other.withdrawn.on}: {other.withdrawn.reason}" if other.withdrawn else ""
        yield f"  {other.version}  {other.published[:10]}{gone}"
    if release.changes:
        yield f"what changed in {release.version}"
        yield from (f"  {line}" for line in release.changes.splitlines() if line.strip())
    yield RIGHTS
    yield f"to install it: rosterbus market install {short(entry)}"


def _facts(release: Release) -> Iterator[str]:
    card = release.card
    facts = {
        "kind": ", ".join(card.kind),
        "system": card.system,
        "transports": ", ".join(card.transports),
        "maturity": card.maturity,
        "hosts, declared": ", ".join(card.hosts) or "none",
        "guarantee": card.guarantee,
        "who is not in the file": card.absence,
        "pages": " ".join(card.pages),
        "needs": ", ".join(release.requires),
        "maintainers": ", ".join(card.maintainers),
    }
    for name, value in facts.items():
        if value:
            yield f"  {name}: {value}"
    yield from (f"  unknown: {one}" for one in card.unknown)


def _plugin_lines(plugin: Mapping[str, Any]) -> Iterator[str]:
    if plugin["settings"]:
        yield f"settings of {plugin['plugin']}"
        for one in plugin["settings"]:
            required = ", required" if one.get("required") else ""
            yield f"  {one.get('name')} ({one.get('type')}{required}): {one.get('about', '')}"
    for layout in plugin["layouts"]:
        yield f"columns of {layout.get('file')}, one row for each of {layout.get('rows')}"
        for column in layout.get("columns", []):
            limits = f" ({column['limits']})" if column.get("limits") else ""
            yield f"  {column.get('column')}, {column.get('required', '')}: {column.get('source', '')}{limits}"
    rules = [*plugin["rules"], *(rule for layout in plugin["layouts"] for rule in layout.get("rules", []))]
    if rules:
        yield f"rules of {plugin['plugin']}"
        for rule in rules:
            yield f"  {rule.get('severity')}: {rule.get('sentence')} ({rule.get('source')})"


def _certificate_lines(certificate: Certificate, ran: str) -> Iterator[str]:
    counts: dict[str, int] = {}
    for one in certificate.outcomes:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    yield f"  {certificate.standing}, {ran}: suite {certificate.suite}, {told or 'no tests'}"
    yield from (f"    because {one}" for one in certificate.because)
    yield from (f"    waived: {one.test}: {one.reason}" for one in certificate.waivers)


def _standing(release: Release) -> str:
    return release.certificate.standing if release.certificate else "no certificate"
