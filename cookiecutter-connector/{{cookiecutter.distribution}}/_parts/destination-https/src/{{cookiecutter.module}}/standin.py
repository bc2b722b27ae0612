"""{{ cookiecutter.system }} on this machine: a server, and an importer of what is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus_https.inbox import Inbox

from {{ cookiecutter.module }}.destination import MARKER
from {{ cookiecutter.module }}.importer import ANSWERS, Importer

SECONDS = 5
"""How long a connection to this machine is waited for, and each answer."""


def start(folder: Path) -> Twin:
    """Start the server over `folder`; started again there, it proves itself by the same certificate."""
    server, importer = Inbox(folder / "server"), Importer()

    def settle() -> Sequence[Mapping[str, Any]]:
        arrived = dict(server.arrived)
        for marker in (name for name in arrived if name.endswith(f"/{MARKER}")):
            delivery = marker.removesuffix(MARKER)
            if not importer.took(delivery):
                files = [name for name in arrived if name.startswith(delivery) and name != marker]
                importer.take(delivery, {name.removeprefix(delivery): arrived[name] for name in files})
        return importer.analyses

    server.start()
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={**server.settings(), "timeout": SECONDS},
        reach=[server.command()],
        stop=server.stop,
        settle=settle,
        answers=ANSWERS,
        folder=folder,
        seen=server.seen,
        received=server.received,
        port=server.port,
        through=server.through,
        faults=server.wrongs(last=MARKER),
    )
