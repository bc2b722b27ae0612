"""Finds what nobody may read: cells of the village and secrets of the twin, outside of the files for the vendor."""

from __future__ import annotations

from collections.abc import Iterable

from rosterbus.testing.trial import Trial, secrets_in
from rosterbus.testing.village import CANARY

DATA = ("files", "spill", "extracts")
"""Folders of the state whose files are the data itself; so are the Parquet files of a plan."""


def leaks(trial: Trial, heard: Iterable[str]) -> list[str]:
    """Where a cell or a secret can be read: in what was `heard`, in what the run told, or in a file of the state."""
    marks = {"a cell": CANARY.lower().encode(), **dict(_secrets(trial))}
    told = "\n".join([*heard, *trial.words]).lower().encode()
    found = [f"{what} in what was said" for what, mark in marks.items() if mark in told]
    for path in trial.state.rglob("*"):
        if path.is_file() and path.suffix != ".parquet" and not set(DATA) & set(path.parts):
            text = path.read_bytes().lower()
            found += [
                f"{what} in {path.relative_to(trial.state)}" for what, mark in marks.items() if mark in text
            ]
    return found


def _secrets(trial: Trial) -> Iterable[tuple[str, bytes]]:
    for name, value in trial.twin.settings.items():
        for number, secret in enumerate(secrets_in(value), start=1):
            yield f"the secret {name} {number}", secret.reveal().strip().lower().encode()
