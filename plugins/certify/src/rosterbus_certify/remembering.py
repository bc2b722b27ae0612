"""Which cases failed the last time, kept beside the distribution for `--last-failed`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rosterbus.errors import ConfigError
from rosterbus.private import private_folder, write_private_text

FOLDER = ".rosterbus-certify"


def remembered(path: Path, out: Path | None) -> list[str]:
    """The cases that failed the last time; none where nothing is known. Raises ConfigError for a spoiled file."""
    file = _file(path, out)
    if not file.is_file():
        return []
    try:
        cases = json.loads(file.read_text(encoding="utf-8"))["failed"]
        return [str(case) for case in cases]
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("what failed the last time cannot be read; delete the file", file=file) from error


def remember(path: Path, out: Path | None, *, failed: Iterable[str], ran: Iterable[str]) -> None:
    """Note which of the cases that `ran` failed; of the others, what is known stays."""
    ended = set(ran)
    still = {case for case in remembered(path, out) if case not in ended}
    file = _file(path, out)
    private_folder(file.parent)
    write_private_text(file.parent / ".gitignore", "*\n")
    write_private_text(file, json.dumps({"failed": sorted(still | set(failed))}, indent=1) + "\n")


def _file(path: Path, out: Path | None) -> Path:
    """In the distribution's own folder, or beside the wheel, whose name then tells them apart."""
    if path.suffix == ".whl":
        return (out or path.parent) / FOLDER / f"{path.name}.json"
    return path / FOLDER / "failed.json"
