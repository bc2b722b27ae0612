"""{{ cookiecutter.system }} on this machine: an SFTP server with the export of a made-up district."""

from __future__ import annotations

from pathlib import Path

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_bytes
from rosterbus_sftp.server import SFTPServer

from {{ cookiecutter.module }}.exports import ANSWERS, exported

FOLDER = "/export"


def start(folder: Path) -> Twin:
    """Serve the export; a server started again over `folder` has the same keys."""
    server = SFTPServer(folder / "server")
    export = private_folder(server.home() / FOLDER.strip("/"))
    for name, content in exported().items():
        write_private_bytes(export / name, content)
    server.start()
    login = {name: server.settings()[name] for name in ("host_key", "private_key")}
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"location": server.url(FOLDER), "transport": login},
        reach=[server.command()],
        stop=server.stop,
        settle=list,
        answers=ANSWERS,
        folder=folder,
        port=server.port,
        extras={"server": server},
    )
