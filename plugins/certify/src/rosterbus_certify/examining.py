"""One wheel before the suite: built, unpacked, looked at, and put to every test in a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosterbus.errors import ConfigError
from rosterbus.private import private_folder, write_private_text

from rosterbus_certify import fresh
from rosterbus_certify.building import wheel_of
from rosterbus_certify.hearing import Hearing, Note, together
from rosterbus_certify.wheels import Wheel, open_wheel

LIMIT = 300
"""Seconds that one test may take, its vendor's twin included."""
Tell = Callable[[Note], None]
Allow = Callable[[Sequence[Mapping[str, Any]]], None]
SANDBOX = """from pathlib import Path

from rosterbus.testing.sandbox import against

globals().update(against({module!r}, Path({file!r})))
"""


@dataclass(frozen=True)
class Asked:
    """What is to be run. `cases` are names of tests, none meaning all; `keep` is where their files stay."""

    cases: Sequence[str] = ()
    fast: bool = False
    keep: Path | None = None
    out: Path | None = None
    against: Path | None = None
    """The settings of a vendor's own sandbox, which then takes the place of the twin."""
    jobs: int = 1
    """How many processes share the tests, each with a twin of its own."""

    @property
    def part(self) -> str:
        """What was asked for, if not the whole suite; a part gives no certificate."""
        return "--fast" if self.fast else "some cases" if self.cases else ""


@dataclass(frozen=True)
class Examination:
    """What came of one wheel. `found` is what its fresh process says of it and of the environment."""

    wheel: Wheel
    asked: Asked
    found: Mapping[str, Any]
    hearing: Hearing
    seconds: float

    @property
    def failed(self) -> list[str]:
        """The names of the tests that failed, sorted."""
        return sorted(one.test for one in self.hearing.failures)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the wheel."""
        return not (self.hearing.failures or self.hearing.trouble)


def examine(path: Path, asked: Asked, tell: Tell, *, allow: Allow = lambda _: None) -> Examination:
    """Put the wheel that `path` means to the test; `tell` hears every note of the witness.

    `allow` is shown what would be sent to a vendor's sandbox, where its settings say so, and raises where it may not.

    Raises ConfigError where it cannot be put to the test, RosterbusError where it cannot be built or looked at.
    """
    with tempfile.TemporaryDirectory(prefix="rosterbus-certify-", ignore_cleanup_errors=True) as name:
        folder = private_folder(Path(name).resolve())
        wheel = open_wheel(wheel_of(path, asked.out, folder / "built"), folder / "wheel")
        surroundings = fresh.environment(wheel.unpacked, folder / "home", own=bool(asked.against))
        found = _survey(wheel, folder, surroundings)
        if asked.against:
            allow(_previews(wheel, folder, surroundings, against=asked.against))
        requests = list(_requests(wheel, folder, asked))
        hearings = [Hearing(Path(one["notes"]).parent, wheel.unpacked, LIMIT) for one in requests]
        began = time.monotonic()
        for place, note in fresh.notes_of(requests, environment=surroundings):
            hearings[place].take(note)
            tell(note)
        seconds = round(time.monotonic() - began, 1)
        examination = Examination(wheel, asked, found, together(hearings), seconds)
        _keep(examination)
    return examination


def _survey(wheel: Wheel, folder: Path, surroundings: Mapping[str, str]) -> dict[str, Any]:
    request = {
        "folder": str(wheel.unpacked),
        "distribution": wheel.distribution,
        "package": wheel.package,
        "plugins": wheel.plugins,
    }
    found = fresh.ask("survey", request, folder=folder, environment=surroundings)
    if problem := found.get("problem"):
        raise ConfigError(str(problem), file=wheel.path)
    return found


def _previews(
    wheel: Wheel, folder: Path, surroundings: Mapping[str, str], *, against: Path
) -> Sequence[Mapping[str, Any]]:
    if not any(plugin.startswith("destination:") for plugin in wheel.plugins):
        raise ConfigError("a sandbox is of a destination, and the wheel has none", file=wheel.path)
    request = {
        "module": _module(wheel),
        "against": str(against.resolve()),
        "folder": str(folder / "previews"),
    }
    found = fresh.ask("preview", request, folder=folder, environment=surroundings)
    if problem := found.get("problem"):
        raise ConfigError(str(problem))
    previews: Sequence[Mapping[str, Any]] = found["previews"]
    return previews


def _module(wheel: Wheel) -> str:
    return f"{wheel.package}.conformance"


def _target(wheel: Wheel, folder: Path, against: Path | None) -> Path:
    """The file whose tests are run: the wheel's own declaration, or one that leads it to the sandbox."""
    if against is None:
        return wheel.unpacked / wheel.package / "conformance.py"
    text = SANDBOX.format(module=_module(wheel), file=str(against.resolve()))
    return write_private_text(folder / "against.py", text)


def _requests(wheel: Wheel, folder: Path, asked: Asked) -> Iterator[dict[str, Any]]:
    """What each process is to do, in a folder of its own."""
    told = {
        "root": str(folder),
        "ini": str(write_private_text(folder / "pytest.ini", "[pytest]\n")),
        "target": str(_target(wheel, folder, asked.against)),
        "module": _module(wheel),
        "plugins": wheel.plugins,
        "cases": list(asked.cases),
        "fast": asked.fast,
        "against": bool(asked.against),
        "limit": LIMIT,
        "shares": asked.jobs,
    }
    files = _kept(asked.keep) if asked.keep else folder
    for share in range(asked.jobs):
        own = private_folder(folder / f"share-{share}")
        yield {
            **told,
            "share": share,
            "basetemp": str(files / f"files-{share}"),
            "notes": str(own / "notes.jsonl"),
            "stacks": str(own / "stacks.txt"),
        }


def _kept(keep: Path) -> Path:
    """The folder for kept files, which must be new: what lies there already may be somebody's."""
    if keep.exists() and any(keep.iterdir()):
        raise ConfigError(
            "the folder to keep files in is not empty", file=keep, allowed="a new or an empty one"
        )
    return private_folder(keep.resolve())


def _keep(examination: Examination) -> None:
    """Lay pytest's own account of each failure beside the kept files."""
    if examination.asked.keep is None:
        return
    for number, one in enumerate(examination.hearing.failures, start=1):
        parts = [one.test, one.whole, *(f"{title}\n{text}" for title, text in (*one.told, *one.captured))]
        write_private_text(examination.asked.keep / f"failure-{number}.txt", "\n\n".join(parts) + "\n")
