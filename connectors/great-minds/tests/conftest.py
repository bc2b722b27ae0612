"""Districts, places on an SFTP server and here, and deliveries without a pipeline."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rosterbus.deliveries import Delivery, StagedFile
from rosterbus.rehearsing import start_twin
from rosterbus.settings import Values
from rosterbus.testing.trial import Vendor
from rosterbus_great_minds import Settings, address
from rosterbus_great_minds.published import TEMPLATES
from rosterbus_sftp.server import Faults, SFTPServer

sys.path.insert(0, str(Path(__file__).parent / "site"))

from great_minds_kit import AT, Year, csv_of, sftp_settings

Stage = Callable[..., StagedFile]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Year]]:
    """Starts a twin and a district that has never delivered to it."""
    twins = []

    def begun(**settings: Any) -> Year:
        twins.append(start_twin("great-minds", tmp_path / f"twin{len(twins)}", settings))
        vendor = Vendor("great-minds", settings, twins[-1])
        return Year(vendor.trial(tmp_path / f"project{len(twins)}"))

    yield begun
    for twin in twins:
        twin.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SFTPServer]:
    with SFTPServer(tmp_path_factory.mktemp("server"), users=("district",)) as server:
        yield server


@pytest.fixture
def quiet(server: SFTPServer) -> Iterator[SFTPServer]:
    """The server without the faults of an earlier test."""
    yield server
    server.faults = Faults()


@pytest.fixture
def over_sftp(quiet: SFTPServer, tmp_path: Path) -> Callable[..., Values]:
    """Settings that lead to a folder of this test on the server."""
    return lambda **changes: Settings().load(sftp_settings(quiet, f"/{tmp_path.name}", **changes))


@pytest.fixture
def here(tmp_path: Path) -> Callable[..., Values]:
    """Settings that lead to a folder on this machine."""
    return lambda **changes: Settings().load({"location": str(tmp_path / "handover"), **changes})


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Writes one staged file as a plan would."""

    def staged(
        layout: str,
        rows: Sequence[Mapping[str, str]],
        *,
        school: str = "0101",
        name: str = "",
        header: Sequence[str] = (),
    ) -> StagedFile:
        name = name or {"students": "great-minds-student-upload.csv"}.get(layout, f"{layout}.csv")
        content = csv_of(header or TEMPLATES[layout], rows)
        folder = tmp_path / "staged"
        folder.mkdir(exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}-{name}"
        path.write_bytes(content)
        split = {"school_id": school, "school_name": "North"} if layout in TEMPLATES else {}
        digest = hashlib.sha256(content).hexdigest()
        return StagedFile(name, layout, path, len(rows), len(content), digest, split)

    return staged


@pytest.fixture
def deliver() -> Callable[..., Delivery]:
    """A delivery with its address, and a ledger that keeps whether it was sent."""

    def make(settings: Values, files: Sequence[StagedFile], **changes: Any) -> Delivery:
        def mark_sent() -> None:
            delivery.was_sent = True

        facts = {"at": AT, "plan": "p1", "is_taken": lambda name: False, "mark_sent": mark_sent, **changes}
        delivery = Delivery(
            id="d1",
            pipeline="springfield",
            name="great-minds",
            files=files,
            test=False,
            progress=lambda *_: None,
            keep=lambda *_: None,
            **facts,
        )
        delivery.address = address(delivery, settings)
        return delivery

    return make
