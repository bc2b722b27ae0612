"""Picking exports up: what is there, whether it is whole and new, and whether one was overwritten unseen."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError, ConnectorError, NoCopyError, NotThereError, RetriableError
from rosterbus.extracts import Changes, Completeness, Delimited, Extract, Nothing, SourceState, Unchanged
from rosterbus.findings import Finding, RuleDoc
from rosterbus.private import open_private

from rosterbus_enroll.columns import chosen_columns
from rosterbus_enroll.published import ARTICLE, SEPARATORS, TEXT_IDENTIFIERS
from rosterbus_enroll.settings import key_headers

TABLE = "registrations"
PARTIAL = Completeness("partial", "each export holds only what was synced since the one before")
CHUNK = 1 << 20
MISSED = RuleDoc(
    "export missed",
    "an export overwrites the one before, so the file is looked for at least every `missed_hours`",
    "hold",
    ARTICLE,
)
ORDER = RuleDoc(
    "order unknown",
    "a file beside the folders of years and files in them that are new at once count in this order",
    "warn",
    ARTICLE,
)
START = RuleDoc(
    "first export",
    "an export does not hold who was exported before it, and the first one tells",
    "warn",
    ARTICLE,
)
RULES = (MISSED, ORDER, START)


@dataclass(frozen=True)
class Export:
    """One export file: `name` as people know it, a private copy, and its SHA-256."""

    name: str
    path: Path
    sha256: str


def pick_up(settings: Any, state: SourceState) -> Extract | Unchanged | Nothing:
    """Answer with the files that are not those of the last look; see the hook `extract` for the errors."""
    exports = list(_exports(settings, state))
    known: Mapping[str, str] = state.previous.get("files", {})
    seen = {**known, **{one.name: one.sha256 for one in exports}}
    remembered = {"looked": state.clock.isoformat(), "files": seen}
    if not exports:
        return Nothing("there is no export file, so nothing was synced", state=remembered)
    fresh = [one for one in exports if known.get(one.name) != one.sha256]
    if not fresh:
        return Unchanged("the export file is the one that was read before", state=remembered)
    tables = [_table(one, settings) for one in fresh]
    changes = Changes(tables, key_headers(settings), from_nothing=True, completeness=PARTIAL)
    findings = [*_judged_gap(settings, state), *_judged_order(fresh), *_judged_start(known)]
    return Extract({TABLE: changes}, findings=findings, state=remembered)


def _exports(settings: Any, state: SourceState) -> Iterator[Export]:
    for number, (name, location) in enumerate(_places(settings, state.clock)):
        if export := _steady(name, location, settings, state.folder / f"export{number}.csv", state=state):
            yield export


def _places(settings: Any, clock: datetime) -> Iterator[tuple[str, str]]:
    """Where a file may be: in the folder itself, and in those of the years that can be open for registration."""
    location: str = settings.location
    cut = max(location.rfind("/"), location.rfind("\\")) + 1
    folder, name = location[:cut], location[cut:]
    yield name, location
    if settings.year_folders:
        for year in range(clock.year - 1, clock.year + 2):
            yield f"{year}/{name}", f"{folder}{year}/{name}"


def _steady(name: str, location: str, settings: Any, copy: Path, *, state: SourceState) -> Export | None:
    """Bring a file here and look a second time, since nothing tells a reader that its writer is done."""
    brought = _brought(location, settings, state)
    if brought is None:
        return None
    sha256 = _copied(brought, copy)
    again = _brought(location, settings, state)
    if again is None or _digest(again) != sha256:
        raise RetriableError(f"{name} is being written just now; the next run picks it up")
    return Export(name, copy, sha256)


def _brought(location: str, settings: Any, state: SourceState) -> Path | None:
    try:
        path = state.fetch(location, settings.transport)
    except (NotThereError, NoCopyError):
        return None
    if path.is_dir():
        raise ConfigError("this is a folder; write the export file in it", key="location", found=path.name)
    return path if path.exists() else None


def _copied(path: Path, copy: Path) -> str:
    """Copy to a private file; answers with the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with path.open("rb") as file, open_private(copy, "wb") as private:
        while piece := file.read(CHUNK):
            digest.update(piece)
            private.write(piece)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(export: Export, settings: Any) -> Delimited:
    separator, identifier = SEPARATORS[settings.separator], TEXT_IDENTIFIERS[settings.text_identifier]
    encoding = settings.encoding
    headers = _headers(export, encoding or "utf-8-sig", separator, identifier)
    _refuse_other(export.name, headers, settings)
    return Delimited(
        export.path,
        export.name,
        encoding=encoding,
        delimiter=separator,
        quote=identifier,
        completeness=PARTIAL,
        key=key_headers(settings)[0],
    )


def _headers(export: Export, encoding: str, separator: str, identifier: str) -> list[str]:
    # A bad byte further down is the reader's affair, and headers are only compared here.
    with export.path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
        try:
            return next(csv.reader(text, delimiter=separator, quotechar=identifier, strict=True), [])
        except (csv.Error, UnicodeError) as error:
            msg = (
                f"{export.name} has no header that can be read as {encoding}: {error}; "
                "declare `separator`, `text_identifier` or `encoding`"
            )
            raise ConnectorError(msg) from error


def _refuse_other(name: str, headers: Sequence[str], settings: Any) -> None:
    """A column that is gone would go unnoticed: its cells would stay as the exports before had them."""
    missing = [header for header in chosen_columns(settings) if header not in headers]
    if not missing:
        return
    found = ", ".join(repr(header) for header in headers[:30]) or "no header at all"
    advice = "declare `separator` and `text_identifier`" if len(headers) < 2 else "correct `columns`"
    raise ConnectorError(
        f"{name} lacks {', '.join(repr(header) for header in missing)} of `columns`; found {found}; {advice}"
    )


def _judged_gap(settings: Any, state: SourceState) -> Iterator[Finding]:
    """An export overwrites the one before, and nothing in it tells how many there were since the last look."""
    if "looked" not in state.previous:
        return
    looked = datetime.fromisoformat(state.previous["looked"])
    hours = (state.clock - looked) / timedelta(hours=1)
    if hours > settings.missed_hours:
        yield MISSED.finding(
            f"the last look was {hours:.0f} hours ago, and `missed_hours` allows {settings.missed_hours}: an export "
            "between may have been overwritten unseen",
            cause="the pipeline did not run at its time, or Enroll exported more often than once a day",
            if_nothing="the next run plans with what is known, and says nothing of this any more",
            if_wrong="sync in Enroll again whoever was synced since then, export, and run the pipeline",
            if_right="nothing was exported between: approve the plan",
            numbers={"hours": round(hours), "allowed": settings.missed_hours},
        )


def _judged_order(fresh: Sequence[Export]) -> Iterator[Finding]:
    beside = [one.name for one in fresh if "/" not in one.name]
    if beside and len(fresh) > 1:
        yield ORDER.finding(
            f"{beside[0]} and files in folders of years are new at once, and nobody can see which is later; "
            "those of the folders count as later"
        )


def _judged_start(known: Mapping[str, str]) -> Iterator[Finding]:
    if not known:
        yield START.finding(
            "this is the first export that is read, and it does not hold who was exported before; sync everybody in "
            "Enroll once more if the vendors need them"
        )
