"""An inbox on loopback, and files to put into it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rosterbus.deliveries import StagedFile
from rosterbus.settings import Values
from rosterbus_https import HTTPSSettings
from rosterbus_https.inbox import Inbox


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with Inbox(tmp_path_factory.mktemp("inbox")) as inbox:
        yield inbox


@pytest.fixture
def inbox(running: Inbox) -> Inbox:
    """The inbox, in which nothing has arrived."""
    running.arrived.clear()
    return running


@pytest.fixture
def load(inbox: Inbox) -> Callable[..., Values]:
    """Settings that lead to the inbox, with changes."""
    return lambda **changes: HTTPSSettings().load({**inbox.settings(), "timeout": 5, **changes})


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[bytes], StagedFile]:
    def stage(content: bytes) -> StagedFile:
        path = tmp_path / "students.csv"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return StagedFile("students.csv", "students", path, 1, len(content), digest)

    return stage
