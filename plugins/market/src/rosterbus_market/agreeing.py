"""What a person is shown before anything is installed, and asked: what it is, what it can reach, who says so."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import click
from rosterbus.errors import ConfigError, printable
from rosterbus.lock import Agreed, Lock, LockedPackage

from rosterbus_market.catalogue import Release
from rosterbus_market.locking import changes
from rosterbus_market.site.wording import ran_by

RIGHTS = "It is code that runs with your rights: what it declares is shown, and nothing keeps it to that."


@dataclass(frozen=True)
class Proposal:
    """What is about to be installed: the new lock, the one before, and the releases of the marketplace in it."""

    lock: Lock
    former: Lock | None
    releases: Mapping[str, Release]
    strangers: Sequence[str] = ()
    """Plugins that are installed already and that no lock has."""

    def lines(self) -> Iterator[str]:
        """Everything that a person needs to decide."""
        changed = changes(self.former, self.lock)
        new = [one for one in self.lock.packages if one.name in changed and one.origin == "marketplace"]
        for package in new:
            yield from _release_lines(package, self.releases[package.name], changed[package.name][0])
        others = {name: pair for name, pair in changed.items() if name not in {one.name for one in new}}
        yield from _other_lines(others, self.lock)
        if self.strangers:
            names = ", ".join(self.strangers)
            yield f"installed and not in the lock, so refused from now on: {names}"
            yield f"  to take them in: rosterbus market install {' '.join(self.strangers)}"
        if new:
            yield RIGHTS


def told(proposal: Proposal, *, yes: bool) -> None:
    """Show a proposal and ask; raises ConfigError where nobody can be asked, and click.Abort for a no."""
    click.echo("\n".join(map(printable, proposal.lines())), err=True)
    ask("install this?", yes=yes)


def ask(question: str, *, yes: bool) -> None:
    """Go on only if a person at a terminal says so, or said so before with `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        msg = "a person has to agree, and nobody is at a terminal here; look at what is shown, then add --yes"
        raise ConfigError(msg, key="--yes")
    click.confirm(question, abort=True, err=True)


def person() -> str:
    """The account that agrees."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"  # an account without a name, as in some containers


def agreed_to(package: LockedPackage, release: Release, former: Lock | None) -> LockedPackage:
    """The package with what was agreed: as it was, where it is the same release, else today by this person."""
    for one in former.versions(package.name) if former else ():
        if one.version == package.version and one.agreed.on:
            return replace(package, agreed=one.agreed)
    agreed = Agreed(release.card.hosts, release.card.kind, date.today().isoformat(), person())
    return replace(package, agreed=agreed)


def certificate_line(release: Release) -> str:
    """Who says that it keeps its promises."""
    shown = sorted(release.attestations, key=lambda one: one.ran != "marketplace")
    if not shown:
        return "no certificate: nobody has shown that it keeps its promises"
    certificate = shown[0].certificate
    waived = f", {len(certificate.waivers)} tests waived" if certificate.waivers else ""
    return f"{certificate.standing}{waived}, {ran_by(shown[0])}"


def _release_lines(package: LockedPackage, release: Release, before: str) -> Iterator[str]:
    was = f" (now {before})" if before else ""
    extras = f"[{','.join(package.extras)}]" if package.extras else ""
    yield f"{package.name}{extras} {package.version}{was}: {release.card.title}, {' and '.join(release.card.kind)}"
    yield f"  hosts, declared: {', '.join(release.card.hosts) or 'none'}"
    yield f"  certificate: {certificate_line(release)}"
    if release.changes and before:
        yield from (f"  {line}" for line in release.changes.splitlines() if line.strip())


def _other_lines(changed: Mapping[str, tuple[str, str]], lock: Lock) -> Iterator[str]:
    core = {one.name for one in lock.packages if one.origin == "core"}
    for name, (before, after) in changed.items():
        if name in core:
            continue
        if not before:
            yield f"  with it, from the package index: {name} {after}"
        elif not after:
            yield f"  no longer needed: {name} {before}"
        else:
            yield f"  changed: {name} {before} -> {after}"
