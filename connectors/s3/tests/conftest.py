"""A SeaweedFS server for the whole run, a bucket nobody else uses for each test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rosterbus.settings import Values
from rosterbus_s3 import S3Settings
from rosterbus_s3.server import S3Server

Load = Callable[..., Values]


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3"), buckets=["uploads", "elsewhere"]) as server:
        yield server


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A folder in the bucket that no other test uses."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture
def load(store_server: S3Server) -> Load:
    """Settings of who may only put into the bucket `uploads`, with changes."""
    return lambda **changes: S3Settings().load({**store_server.settings("uploads"), "timeout": 10, **changes})


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "20261120_users.csv"
    rows = (f"s{row}@example.org,given{row}\r\n" for row in range(20_000))
    path.write_text("email_address,first_name\r\n" + "".join(rows), encoding="utf-8", newline="")
    return path


@pytest.fixture
def digest(roster: Path) -> str:
    return hashlib.sha256(roster.read_bytes()).hexdigest()
