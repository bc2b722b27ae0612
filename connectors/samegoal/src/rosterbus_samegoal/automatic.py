"""The way without folders: files named ``*_auto.csv``, of which SameGoal makes an epoch by itself.

The names are the same every night, and a remote name belongs to one plan for ever. So the address carries the plan
behind a ``#``, which is no part of the remote name: ``/upload/students_auto.csv#<plan>``.

Each file goes up under a name that SameGoal ignores and bears the plan, and gets its own name when all are whole.
That name can be there from the night before, or gone at once; the other one is what tells how far a delivery came.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rosterbus.deliveries import (
    Address,
    Delivery,
    Done,
    Loaded,
    NotStarted,
    Partly,
    Reconciled,
    StagedFile,
    Unsure,
)
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.settings import Values
from rosterbus_sftp import Remote, target

from rosterbus_samegoal.epochs import waiting
from rosterbus_samegoal.published import AUTO


@dataclass(frozen=True)
class AutoFile:
    """One file: the name SameGoal watches for, and the one under which it is uploaded."""

    file: StagedFile
    name: str
    part: str

    def is_named(self, remote: Remote) -> bool:
        """Whether it has its name and SameGoal has not taken it yet."""
        return not remote.exists(self.part) and remote.size(self.name) == self.file.bytes


def address(delivery: Delivery, settings: Values) -> Address:
    """The fixed names, each with the plan behind it."""
    stems = (posixpath.splitext(file.name)[0] for file in delivery.files)
    files = tuple(f"{settings.upload}/{stem}{AUTO}#{delivery.plan}" for stem in stems)
    return Address(target(settings, settings.upload), files)


def send(remote: Remote, delivery: Delivery, settings: Values) -> Loaded:
    """Upload everything under names that are ignored, then give each file its own, guardians before students.

    Nobody can give two names at once: should SameGoal look in between, guardians without students do no harm.
    """
    found = look(remote, delivery, settings, ours=delivery.was_sent)
    if isinstance(found, Done | Unsure):
        return found
    left = [one for one in _handed(delivery) if not (delivery.was_sent and one.is_named(remote))]
    for one in left:
        _refuse_taken(remote, one)
    evidence = [_upload(remote, delivery, one) for one in left]
    delivery.about_to_send()
    try:
        for one in reversed(left):
            remote.rename(one.part, one.name)
    except RetriableError:
        raise
    except ConnectorError:
        if all(remote.exists(one.part) for one in left):
            raise
        return _seen(remote, delivery, settings)
    return Done({"files": evidence, **waiting(delivery, settings)})


def look(remote: Remote, delivery: Delivery, settings: Values, *, ours: bool) -> Reconciled:
    """What became of the files; they have their names only if we had declared that we give them."""
    if ours:
        return _seen(remote, delivery, settings)
    if any(remote.exists(one.part) for one in _handed(delivery)):
        return Partly("files are there under the names that SameGoal ignores")
    return NotStarted()


def _seen(remote: Remote, delivery: Delivery, settings: Values) -> Done | Partly | Unsure:
    """What is nowhere was taken by SameGoal or removed by somebody; nobody can know, unless it was confirmed."""
    handed = list(_handed(delivery))
    parts = [one.part for one in handed if remote.exists(one.part)]
    gone = [one.name for one in handed if one.part not in parts and not one.is_named(remote)]
    if delivery.state == "confirmed" and gone:
        return Done({"gone": gone}, outcome="running")
    if gone:
        return Unsure(f"{', '.join(gone)} was taken by SameGoal or removed by somebody")
    if parts:
        return Partly(f"{', '.join(parts)} still has to be renamed")
    return Done({"there": [one.name for one in handed], **waiting(delivery, settings)})


def _handed(delivery: Delivery) -> Iterator[AutoFile]:
    for file, addressed in zip(delivery.files, delivery.addressed.files, strict=True):
        name, _, plan = addressed.rpartition("#")
        yield AutoFile(file, name, f"{name.removesuffix(AUTO)}.{plan}.part")


def _upload(remote: Remote, delivery: Delivery, one: AutoFile) -> dict[str, Any]:
    def progress(done: int, total: int) -> None:
        delivery.progress(one.file.name, done, total)

    put = remote.put(
        one.file.path, one.part, rename=False, replace=True, sha256=one.file.sha256, progress=progress
    )
    return {**put, "remote": one.name}


def _refuse_taken(remote: Remote, one: AutoFile) -> None:
    if remote.exists(one.name):
        raise RetriableError(
            f"{one.name} on {remote.server} is still there from an earlier upload and was left alone; "
            "the next run tries again, and if it stays there, ask SameGoal"
        )
