"""Finds what nobody may read: cells of the village and secrets of the twin, outside of the files for the vendor."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from rosterbus.testing.trial import Trial, secrets_in
from rosterbus.testing.village import CANARY

DATA = ("files", "spill", "extracts")
"""Folders of the state whose files are the data itself; so are the Parquet files of a plan."""


def leaks(trial: Trial, heard: Iterable[str]) -> list[str]:
    """Where a cell or a secret can be read: in what was `heard` or told, in the state, or in a temporary file."""
    marks = {"a cell": CANARY.lower().encode(), **dict(_secrets(trial))}
    told = "\n".join([*heard, *trial.words]).lower().encode()
    found = [f"{what} in what was said" for what, mark in marks.items() if mark in told]
    for place in places(trial):
        for path in place.rglob("*"):
            name = path.relative_to(place.parent)
            if path.is_file() and path.suffix != ".parquet" and not set(DATA) & set(name.parts):
                text = path.read_bytes().lower()
                found += [f"{what} in {name}" for what, mark in marks.items() if mark in text]
    return found


def open_to_others(trial: Trial) -> list[str]:
    """The files and folders of the state, and the temporary ones, that somebody else may look into."""
    if os.name == "nt":
        # There the modes of files mean nothing; the folder's owner is who may.
        return []
    found = []
    for place in places(trial):
        for path in (place, *place.rglob("*")):
            mode = path.lstat().st_mode
            if stat.S_IMODE(mode) & 0o077 and not stat.S_ISLNK(mode):
                found.append(f"{path.relative_to(place.parent)} has the mode {stat.S_IMODE(mode):o}")
    return found


def places(trial: Trial) -> list[Path]:
    """Where a run writes: the state, and the folder of temporary files."""
    return [trial.state, *([trial.temporary] if trial.temporary else [])]


def _secrets(trial: Trial) -> Iterable[tuple[str, bytes]]:
    for name, value in trial.twin.settings.items():
        for number, secret in enumerate(secrets_in(value), start=1):
            yield f"the secret {name} {number}", secret.reveal().strip().lower().encode()
