"""{{ cookiecutter.system }} on this machine: a bucket, and an importer that watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus_s3.front import Front
from rosterbus_s3.server import S3Server

from {{ cookiecutter.module }}.importer import ANSWERS, Importer

BUCKET, FOLDER = "{{ cookiecutter.name }}-rosters", "incoming"
TIME = len("20261122-041500-")
SECONDS = 5
"""How long a connection to this machine is waited for, and each answer."""


def start(folder: Path) -> Twin:
    """Start the store, and the front that proves who it is. Raises PluginError where SeaweedFS is missing."""
    importer = Importer()
    with ExitStack() as running:
        server = running.enter_context(S3Server(folder / "s3", buckets=[BUCKET]))
        front = running.enter_context(Front(server, folder / "front"))
        owner = running.enter_context(server.admin(BUCKET))
        stop = running.pop_all().close

    def settle() -> Sequence[Mapping[str, Any]]:
        for name in sorted(owner.names(FOLDER)):
            if not importer.took(name):
                importer.take(name, {name[TIME:]: front.received(f"{FOLDER}/{name}")})
        return importer.analyses

    return Twin(
        name="{{ cookiecutter.name }}",
        settings={**front.settings(), "folder": FOLDER, "timeout": SECONDS},
        reach=[f"the bucket {BUCKET} at {front.endpoint}; trust {front.ca_file}"],
        stop=stop,
        settle=settle,
        answers=ANSWERS,
        folder=folder,
        seen=front.seen,
        received=front.received,
        port=front.port,
        through=front.through,
        faults=front.wrongs(),
    )
