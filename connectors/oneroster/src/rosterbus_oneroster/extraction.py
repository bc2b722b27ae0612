"""From a package to raw tables, each with the proof of how complete it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rosterbus.errors import ConnectorError
from rosterbus.extracts import Completeness, Delimited, Extract, Nothing, SourceState
from rosterbus.findings import Finding

from rosterbus_oneroster.headers import Header, read_header
from rosterbus_oneroster.package import Package, open_package
from rosterbus_oneroster.standard import FILES, SOURCE


def extract_package(settings: Any, state: SourceState) -> Extract | Nothing:
    """Fetch, unpack and describe a package; see the hook `extract` for the errors."""
    path = state.fetch(settings.location, settings.transport)
    package = open_package(path, settings, state)
    if not package.files:
        return Nothing("the package holds its manifest only")
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
    remembered = _remember(package, state)
    findings = [
        *package.findings,
        *(finding for name in FILES if name in headers for finding in headers[name].findings),
        *_judge_version(package, headers),
        *_judge_age(package, settings, state, remembered),
    ]
    tables = {name: _table(name, package, headers[name], settings) for name in FILES if name in headers}
    return Extract(tables, findings=findings, state=remembered, as_of=package.made)


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
    """The headers, not the manifest, say which version a package is."""
    by_file, users = "roles" in headers, headers.get("users")
    if users and not by_file and "role" not in users.columns:
        msg = "nobody's role is known: users.csv has no column role (1.1) and there is no roles.csv (1.2)"
        raise ConnectorError(msg)
    claimed = package.manifest.version if package.manifest else ""
    if claimed and (claimed == "1.2") != by_file:
        sentence = (
            f"the manifest claims version {claimed}, and roles.csv is {'there' if by_file else 'missing'}"
        )
        yield Finding("warn", "version contradicted", sentence, source=SOURCE)


def _remember(package: Package, state: SourceState) -> dict[str, str]:
    digest, before = package.sha256, state.previous
    since = before["since"] if before.get("sha256") == digest else state.clock.isoformat()
    return {"sha256": digest, "since": since}


def _judge_age(
    package: Package, settings: Any, state: SourceState, remembered: Mapping[str, str]
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
