"""Handshake as the tests meet it: settings, deliveries, and one bucket on loopback for all of them."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.settings import Values
from rosterbus_handshake import Settings
from rosterbus_handshake.published import BUCKET
from rosterbus_s3.server import S3Server

FOLDER = "importer-production-springfield"
CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def load_settings() -> Callable[..., Values]:
    def load(**given: Any) -> Values:
        return Settings().load({"bucket_folder": FOLDER, **given})

    return load


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3"), buckets=[BUCKET]) as running:
        yield running


@pytest.fixture
def uploading(server: S3Server, request: pytest.FixtureRequest) -> Callable[..., Values]:
    """Settings that lead to a folder of this test's own."""

    def load(**given: Any) -> Values:
        folder = f"importer-production-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
        return Settings().load({**server.settings(BUCKET), "bucket_folder": folder, **given})

    return load


@pytest.fixture
def make_delivery(tmp_path: Path) -> Callable[..., Delivery]:
    """A delivery of one small file; `sent` collects what it was when it declared to be about to send."""

    def make(content: bytes = b"username\n1001\n", **given: Any) -> Delivery:
        path = tmp_path / "users.csv"
        path.write_bytes(content)
        staged = StagedFile(
            "users.csv", "students", path, 1, len(content), hashlib.sha256(content).hexdigest()
        )
        fresh = Delivery(
            id="d1",
            plan="p1",
            pipeline="springfield",
            name="handshake",
            files=[staged],
            at=datetime(2026, 11, 21, 2, 0, 5, tzinfo=CHICAGO),
            test=False,
            is_taken=lambda name: False,
            mark_sent=lambda: None,
            progress=lambda *told: None,
            keep=lambda *kept: None,
            state="intent",
        )
        return replace(fresh, **given)

    return make
