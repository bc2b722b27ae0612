"""A project folder to write files into."""

from pathlib import Path
from textwrap import dedent

import pytest
from rosterbus.project import Pipeline, Project, load_pipeline, load_project

SMALL = """
    timezone = "America/Chicago"

    [source]
    connector = "oneroster"
    location = "export.zip"

    [deliver.handshake]
    bucket_folder = "importer-production-springfield"
"""


class Folder:
    """A project folder under `path`: `write` a file, then read the project or a pipeline of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "pipelines").mkdir()

    def write(self, name: str, content: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(content), encoding="utf-8", newline="\n")
        return file

    def project(self, content: str | None = None, environment: str = "") -> Project:
        if content is not None:
            self.write("rosterbus.toml", content)
        return load_project(self.path, environment=environment)

    def pipeline(self, content: str, *, name: str = "springfield", environment: str = "") -> Pipeline:
        """Write and read a pipeline whose first line is line 1 of the file."""
        self.write(f"pipelines/{name}.toml", dedent(content).lstrip("\n"))
        if not (self.path / "rosterbus.toml").exists():
            self.write("rosterbus.toml", "")
        return load_pipeline(self.project(environment=environment), name)

    def small(self, more: str = "", **options: str) -> Pipeline:
        """A pipeline of eight lines with more lines after it."""
        return self.pipeline(dedent(SMALL).lstrip("\n") + dedent(more), **options)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    path = tmp_path / "project"
    path.mkdir()
    return Folder(path)
