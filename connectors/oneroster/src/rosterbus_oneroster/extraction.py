"""From a package to raw tables, each with the proof of how complete it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rosterbus.errors import ConnectorError
from rosterbus.extracts import Changes, Completeness, Delimited, Extract, Nothing, SourceState, Unchanged
from rosterbus.findings import Finding

from rosterbus_oneroster.headers import Header, read_header
from rosterbus_oneroster.package import Package, open_package
from rosterbus_oneroster.standard import FILES, SOURCE

CHAIN = 100
"""How many packages of changes are known again when they come back."""


def extract_package(settings: Any, state: SourceState) -> Extract | Nothing | Unchanged:
    """Fetch, unpack and describe a package; see the hook `extract` for the errors."""
    path = state.fetch(settings.location, settings.transport)
    package = open_package(path, settings, state)
    if not package.files:
        return Nothing("the package holds its manifest only", package.findings)
    digest = package.sha256
    remembered = _remember(package, state, digest)
    if package.changed and (known := _already_read(package, state, digest)):
        proof, findings = known
        return Unchanged(proof, (*findings, *_judge_age(package, settings, state, remembered)))
    headers = {
        name: read_header(
            member.path,
            FILES[name],
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            passwords=settings.passwords,
        )
        for name, member in package.files.items()
    }
    findings = [
        *package.findings,
        *(finding for name in FILES if name in headers for finding in headers[name].findings),
        *_judge_version(package, headers),
        *_judge_age(package, settings, state, remembered),
    ]
    tables = {name: _given(name, package, headers[name], settings) for name in FILES if name in headers}
    return Extract(tables, findings=findings, state=remembered, as_of=package.made, mirrored=True)


def _given(name: str, package: Package, header: Header, settings: Any) -> Delimited | Changes:
    """A whole file, or the changes in it: a row of a known id takes the place of the former, `tobedeleted` ends it."""
    table = _table(name, package, header, settings)
    if name not in package.changed:
        return table
    absent = [column for column in ("status", "dateLastModified") if column not in header.columns]
    if absent:
        msg = f"{name}.csv holds changes only (delta) and has no column {absent[0]}, without which nobody can say what"
        raise ConnectorError(f"{msg} they are; ask for a bulk export, or for a delta as the standard has it")
    made = f"of {package.made:%Y-%m-%d %H:%M}" if package.made else package.sha256[:8]
    return Changes(
        [replace(table, file=f"{table.file} (delta {made})")],
        key=("sourcedId",),
        deleted="lower(trim(\"status\")) = 'tobedeleted'",
        newer='TRY_CAST("dateLastModified" AS TIMESTAMP)',
    )


def _table(name: str, package: Package, header: Header, settings: Any) -> Delimited:
    member = package.files[name]
    return Delimited(
        member.path,
        member.name,
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        rename=header.rename,
        drop=header.drop,
        completeness=_completeness(name, package, settings),
        key="sourcedId",
    )


def _completeness(name: str, package: Package, settings: Any) -> Completeness:
    if package.manifest is None:
        if settings.complete_without_manifest:
            return Completeness("complete", "the pipeline says that this export holds everybody")
        return Completeness("unknown", "there is no manifest")
    mode = package.manifest.modes.get(name)
    if mode == "bulk":
        return Completeness("complete", "manifest says bulk")
    if mode == "absent":
        return Completeness("unknown", "manifest says absent, yet the file is there")
    return Completeness("unknown", "manifest does not speak of it")


def _judge_version(package: Package, headers: Mapping[str, Header]) -> Iterator[Finding]:
    """The headers, not the manifest, say which version a package is; changes alone need not have all of them."""
    if package.changed:
        return
    by_file, users = "roles" in headers, headers.get("users")
    if users and not by_file and "role" not in users.columns:
        msg = "nobody's role is known: users.csv has no column role (1.1) and there is no roles.csv (1.2)"
        raise ConnectorError(f"{msg}; export one of them as well")
    claimed = package.manifest.version if package.manifest else ""
    if claimed and (claimed == "1.2") != by_file:
        sentence = (
            f"the manifest claims version {claimed}, and roles.csv is {'there' if by_file else 'missing'}"
        )
        yield Finding("warn", "version contradicted", sentence, source=SOURCE)


def _remember(package: Package, state: SourceState, digest: str) -> dict[str, Any]:
    """What the next run has to know: this package, how new it is, and which changes were read since a whole one."""
    before = state.previous
    since = before["since"] if before.get("sha256") == digest else state.clock.isoformat()
    remembered: dict[str, Any] = {"sha256": digest, "since": since}
    if package.made:
        remembered["made"] = package.made.isoformat()
    elif package.changed and "made" in before:
        remembered["made"] = before["made"]
    if package.changed:
        remembered["chain"] = [*before.get("chain", []), digest][-CHAIN:]
    return remembered


def _already_read(package: Package, state: SourceState, digest: str) -> tuple[str, list[Finding]] | None:
    """The proof that a package of changes is none that comes next; a former one that came back is held."""
    before = state.previous
    if before.get("sha256") == digest:
        return "the package is the one that was read last", []
    made, newest = package.made, before.get("made")
    back = digest in before.get("chain", ())
    if not back and not (made and newest and made < datetime.fromisoformat(newest)):
        return None
    told = f"made {made:%Y-%m-%d %H:%M}" if made else "without a time"
    sentence = (
        f"the package of changes ({told}) is older than the one that was read last, and was left unread"
    )
    hold = Finding(
        "hold",
        "older changes",
        sentence,
        source=SOURCE,
        cause="an old package was put back, or the clock of the system that makes them was set back",
        if_nothing="nothing is sent; the next package that is newer is read as always",
        if_wrong="put the newest package there and run the pipeline again",
        if_right="ask for a bulk export, which begins anew: older changes over newer ones would bring back who left",
    )
    return sentence, [hold]


def _judge_age(
    package: Package, settings: Any, state: SourceState, remembered: Mapping[str, Any]
) -> Iterator[Finding]:
    since = datetime.fromisoformat(remembered["since"])
    if state.previous.get("sha256") == remembered["sha256"]:
        yield Finding("pass", "same export", f"the export has not changed since {since:%Y-%m-%d %H:%M}")
    age = state.clock - min(package.made or since, since)
    if settings.max_age is not None and age > timedelta(days=settings.max_age):
        yield Finding(
            "hold",
            "old export",
            f"the export is {age.days} days old, and `max_age` allows {settings.max_age}",
            cause="the export job stopped, or writes to another place now",
            if_nothing="nobody learns who came and who left since",
            if_wrong="start the export again",
            numbers={"days": age.days, "allowed": settings.max_age},
        )
