"""{{ cookiecutter.system }} on this machine: a folder with the export of a made-up district."""

from __future__ import annotations

from pathlib import Path

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_bytes

from {{ cookiecutter.module }}.exports import ANSWERS, exported


def start(folder: Path) -> Twin:
    """Write the export below `folder`, anew each time."""
    export = private_folder(folder / "export")
    for name, content in exported().items():
        write_private_bytes(export / name, content)
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"location": export.as_posix(), "transport": {}},
        reach=[f"the export: {export}"],
        stop=lambda: None,
        settle=list,
        answers=ANSWERS,
        folder=folder,
    )
