"""{{ cookiecutter.system }} on this machine: an SFTP server, and an importer of whole folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder
from rosterbus_sftp.server import SFTPServer

from {{ cookiecutter.module }}.destination import MARKER
from {{ cookiecutter.module }}.importer import ANSWERS, Importer

FOLDER = "/upload"
SECONDS = 5
"""How long a connection to this machine is waited for, and each answer."""


def start(folder: Path) -> Twin:
    """Start the server over `folder`; started again there, it is the same one."""
    server, importer = SFTPServer(folder / "server"), Importer()
    upload = private_folder(server.home() / FOLDER.strip("/"))

    def settle() -> Sequence[Mapping[str, Any]]:
        for marker in sorted(upload.glob(f"*/{MARKER}")):
            delivery = marker.parent
            if not importer.took(delivery.name):
                files = [path for path in delivery.iterdir() if path != marker]
                importer.take(delivery.name, {path.name: path.read_bytes() for path in files})
        return importer.analyses

    server.start()
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={**server.settings(), "folder": FOLDER, "timeout": SECONDS},
        reach=[server.command()],
        stop=server.stop,
        settle=settle,
        answers=ANSWERS,
        folder=folder,
        seen=server.seen,
        received=server.received,
        port=server.port,
        through=server.through,
        faults=server.wrongs(drop_after=MARKER),
    )
