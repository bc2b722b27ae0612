"""A bucket: put an object once and never in silence twice, read one, list a folder."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import boto3  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
import smart_open
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError, HTTPClientError  # type: ignore[import-untyped]
from rosterbus.deliveries import Probe
from rosterbus.errors import RosterbusError
from rosterbus.settings import Values

from rosterbus_s3.failures import FAILURES, failed

READ_AHEAD = 1024 * 1024
EXISTS, FORBIDDEN = 412, 403
SURROUNDINGS = ("profile", "config_file", "credentials_file")
UNSET = (None, None, None, None)  # how botocore is told that a variable is in no file and no environment
Reading = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Put:
    """What the store answered. `created` is false where an object of that name was there before.

    `etag`, `version` and `request` are the store's own words, empty where it does not say; they are evidence.
    """

    created: bool
    key: str
    etag: str = ""
    version: str = ""
    request: str = ""


@contextmanager
def connect(values: Values, *, attempts: int = 1) -> Iterator[Store]:
    """Read the credentials and give the bucket; nothing is sent yet. Raises ConfigError for a bad credential.

    Each request is tried `attempts` times: more than once is for reading alone.
    """
    client = _client(values, attempts)
    try:
        yield Store(client, values)
    finally:
        client.close()


def _client(values: Values, attempts: int) -> Any:
    """A boto3 client that takes nothing from the surroundings unless asked."""
    given = not values.ambient
    config = Config(
        connect_timeout=values.timeout,
        read_timeout=values.timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        ignore_configured_endpoint_urls=given,
    )
    try:
        core = botocore.session.Session({} if values.ambient else dict.fromkeys(SURROUNDINGS, UNSET))
        session = boto3.session.Session(botocore_session=core, profile_name=values.profile or None)
        client = session.client(
            "s3",
            region_name=values.region,
            endpoint_url=values.endpoint or None,
            verify=str(Path(values.ca_file).expanduser()) if values.ca_file else None,
            config=config,
            **(_keys(values) if given else {}),
        )
    except FAILURES as error:
        raise failed(error, values, "connecting to", "") from error
    client.meta.events.register("before-call.s3", _stay_in_region)
    return client


def _stay_in_region(context: dict[str, Any], **_: Any) -> None:
    """Keep botocore from asking where a bucket is and putting again: the request counts as redirected already."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _keys(values: Values) -> dict[str, str]:
    token = values.session_token
    return {
        "aws_access_key_id": values.access_key_id.reveal(),
        "aws_secret_access_key": values.secret_access_key.reveal(),
        **({"aws_session_token": token.reveal()} if token else {}),
    }


class Store:
    """One bucket. Every failure is an error of rosterbus; `client` is the boto3 client beneath."""

    def __init__(self, client: Any, values: Values) -> None:
        self.client = client
        self._values = values

    def put_once(self, path: Path, key: str, *, sha256: str, conditional: bool | None = None) -> Put:
        """Store a whole file under a key in one request that is never repeated.

        `sha256`, in hex, travels along, and the store refuses other bytes. With `conditional`, by default as
        the setting says, nothing is ever replaced: where the key is taken, the answer has ``created=False``.
        Needs the right to put and no other. Raises StoreAwayError where the store is away: its `maybe_taken`
        says whether the object may be there, and a conditional put may simply be repeated.
        """
        conditional = bool(self._values.conditional) if conditional is None else conditional
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
        only_new = {"IfNoneMatch": "*"} if conditional else {}
        try:
            with path.open("rb") as body:
                answer = self.client.put_object(
                    Bucket=self._values.bucket, Key=key, Body=body, ChecksumSHA256=checksum, **only_new
                )
        except FAILURES as error:
            if conditional and _status(error) == EXISTS:
                return Put(created=False, key=key, request=_request(error.response))
            raise failed(error, self._values, "putting", key) from error
        return Put(True, key, answer.get("ETag", ""), answer.get("VersionId", ""), _request(answer))

    def names(self, folder: str = "") -> dict[str, int]:
        """The objects right in a folder with their sizes in bytes, by their names within it."""
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        pages = self.client.get_paginator("list_objects_v2")
        with self._doing("listing", prefix):
            found = [
                (entry["Key"].removeprefix(prefix), int(entry["Size"]))
                for page in pages.paginate(Bucket=self._values.bucket, Prefix=prefix, Delimiter="/")
                for entry in page.get("Contents", ())
            ]
        return {name: size for name, size in found if name}

    def open(self, key: str, *, closing: Callable[[], object] = lambda: None) -> BinaryIO:
        """Open an object for reading; it can be sought in. `closing` is called when it is closed."""
        reading = partial(self._doing, "reading", key)
        uri = f"s3://{self._values.bucket}/{key}"
        with reading():
            found = smart_open.open(
                uri, "rb", compression="disable", transport_params={"client": self.client}
            )
        return io.BufferedReader(_Object(found, reading, closing), READ_AHEAD)

    @contextmanager
    def _doing(self, what: str, key: str) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise failed(error, self._values, what, key) from error
        except OSError as error:
            # smart_open wraps what the store said, or gives up after its own reconnections.
            cause = getattr(error, "backend_error", None) or HTTPClientError(error=error)
            raise failed(cause, self._values, what, key) from error


class _Object(io.RawIOBase):
    """An object as Python reads files, its failures said in our words."""

    def __init__(self, found: Any, reading: Reading, closing: Callable[[], object]) -> None:
        self._found, self._reading, self._closing = found, reading, closing

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._reading():
            return int(self._found.seek(offset, whence))

    def readinto(self, buffer: Any) -> int:
        with self._reading():
            return int(self._found.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self._found.close()
            self._closing()
        super().close()


def test_connection(values: Values) -> list[Probe]:
    """Ask whether the bucket is there, which stores nothing; a right to put only is not proved by that."""
    try:
        with connect(values) as store:
            store.client.head_bucket(Bucket=values.bucket)
    except RosterbusError as error:
        return [Probe("credential", "failed", str(error))]
    except FAILURES as error:
        if _status(error) != FORBIDDEN:
            return [Probe("store", "failed", str(failed(error, values, "looking for", "")))]
        silent = "the store answers, and says no more to who may only write"
        return [Probe("store", "proved", silent), Probe("credential", "not provable without sending", silent)]
    return [Probe("credential", "proved", f"the bucket {values.bucket} let us in")]


test_connection.__test__ = False  # type: ignore[attr-defined]  # the name is not pytest's


def _status(error: BaseException) -> int:
    return _metadata(error.response).get("HTTPStatusCode", 0) if isinstance(error, ClientError) else 0


def _request(answer: Any) -> str:
    return str(_metadata(answer).get("RequestId", ""))


def _metadata(answer: Any) -> Any:
    return answer.get("ResponseMetadata", {})
