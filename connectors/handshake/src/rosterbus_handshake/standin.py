"""Handshake on this machine: its bucket, where a school may only put files, and an importer that watches it."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rosterbus.deliveries import Twin
from rosterbus.errors import RetriableError
from rosterbus.private import private_folder, write_private_text
from rosterbus_s3 import Store
from rosterbus_s3.failures import FAILURES
from rosterbus_s3.front import Front
from rosterbus_s3.server import S3Server
from rosterbus_s3.settings import parse_location

from rosterbus_handshake.answers import ANSWERS
from rosterbus_handshake.importer import Importer
from rosterbus_handshake.published import ASSIGNED_FOLDER, BUCKET

LOOK_SECONDS = 1.0


def start(folder: Path, settings: Mapping[str, Any]) -> Twin:
    """Start the server and the watcher. Raises PluginError where SeaweedFS is not installed."""
    located = parse_location(str(settings["location"])) if settings.get("location") else {}
    bucket = str(settings.get("bucket") or located.get("bucket") or BUCKET)
    school = str(settings.get("bucket_folder") or located.get("path") or f"{ASSIGNED_FOLDER}rehearsal").strip(
        "/"
    )
    importer = Importer(settings.get("institution_domains") or ())
    with ExitStack() as running:
        server = running.enter_context(S3Server(folder / "s3", buckets=[bucket]))
        front = running.enter_context(Front(server, folder / "front"))
        owner = running.enter_context(server.admin(bucket))
        watcher = Watcher(owner, importer, f"s3://{bucket}/{school}/", private_folder(folder / "analyses"))
        watcher.start()
        running.callback(watcher.stop)
        stop = running.pop_all().close
    writer = front.settings()
    return Twin(
        name="handshake",
        settings={**writer, "bucket_folder": school},
        reach=_reach(writer, school, watcher.folder),
        stop=stop,
        settle=watcher.settle,
        answers=ANSWERS,
        folder=folder,
        extras={"accounts": importer.accounts.by_username, "forward": watcher.forward, "server": server},
        seen=front.seen,
        received=front.received,
        port=front.port,
        through=front.through,
        faults=front.wrongs(),
    )


def _reach(writer: Mapping[str, Any], school: str, analyses: Path) -> list[str]:
    keys = " ".join(
        f'{name}="$(cat {shlex.quote(writer[key].name)})"'
        for name, key in (
            ("AWS_ACCESS_KEY_ID", "access_key_id"),
            ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
        )
    )
    put = f"s3 cp FILE s3://{writer['bucket']}/{school}/YYYYMMDD_users.csv"
    return [
        f"{keys} aws --ca-bundle {shlex.quote(writer['ca_file'])} --endpoint-url {writer['endpoint']} "
        f"--region {writer['region']} {put}",
        f"analyses and failed rows: {analyses}",
    ]


class Watcher(threading.Thread):
    """Takes what arrives in the school's folder into the importer, in the order of arrival."""

    def __init__(self, store: Store, importer: Importer, location: str, folder: Path) -> None:
        super().__init__(name="handshake twin", daemon=True)
        self.folder = folder
        self._store, self._importer = store, importer
        self._bucket, self._prefix = location.removeprefix("s3://").split("/", 1)
        self._stopped, self._one_at_a_time = threading.Event(), threading.Lock()
        self._taken: set[tuple[str, str, datetime]] = set()
        self._analyses: list[dict[str, Any]] = []
        self._shift = timedelta()

    def run(self) -> None:
        """Look every second until stopped."""
        while not self._stopped.wait(LOOK_SECONDS):
            # The next look tries again, and `settle` tells of what lasts.
            with suppress(RetriableError):
                self.settle()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join()

    def forward(self, by: timedelta) -> None:
        """Let that much time pass at the vendor, so that weeks can be rehearsed in a minute."""
        self.settle()
        self._shift += by

    def settle(self) -> Sequence[Mapping[str, Any]]:
        """Take what has arrived; all analyses so far, the oldest first. Raises RetriableError if it cannot look."""
        with self._one_at_a_time:
            try:
                self._look()
            except FAILURES as error:
                raise RetriableError(
                    f"the twin cannot look into its bucket ({type(error).__name__})"
                ) from error
            return list(self._analyses)

    def _look(self) -> None:
        for moment, key, etag in self._found():
            if (key, etag, moment) not in self._taken:
                with self._store.open(key) as file:
                    self._take(key, file.read(), moment.astimezone(UTC) + self._shift)
                self._taken.add((key, etag, moment))

    def _found(self) -> list[tuple[datetime, str, str]]:
        """What is in the folder, as it arrived; of one second, a day's plain name before the one with a time."""
        listing = self._store.client.get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=self._bucket, Prefix=self._prefix)
        entries = [entry for page in pages for entry in page.get("Contents", ())]
        found = [(entry["LastModified"], entry["Key"], entry["ETag"]) for entry in entries]
        return sorted(found, key=lambda entry: (entry[0], entry[1].replace("_", "!")))

    def _take(self, key: str, content: bytes, arrived: datetime) -> None:
        analysis = self._importer.take(key.removeprefix(self._prefix), content, arrived)
        self._analyses.append(analysis.as_json())
        stem = f"{len(self._analyses):03}-{Path(key).stem}"
        write_private_text(self.folder / f"{stem}.json", json.dumps(analysis.as_json(), indent=2) + "\n")
        if analysis.failed_rows:
            write_private_text(self.folder / f"{stem}.failed_rows.csv", analysis.failed_rows_csv())
