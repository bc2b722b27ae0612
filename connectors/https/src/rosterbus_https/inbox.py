"""A vendor's inbox on this machine: files are put under names of their own, and the last one is a marker."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from rosterbus.deliveries import Fault
from rosterbus.private import write_private_text
from rosterbus.secrets import SecretReference
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from rosterbus_https.server import HTTPSServer, Shelf

Misbehaviour = Literal["", "full", "lost"]


class Inbox(HTTPSServer):
    """Takes ``PUT <address>/<name>`` of who has the token, and ``GET <address>/`` as a question for it.

    `arrived` is what lies there, by name, in the order of arrival; a name that is put again has what came last.
    """

    path: ClassVar[str] = "/imports"

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        super().__init__(folder, port=port)
        self.arrived = Shelf(self.folder / "arrived")
        self._misbehaves: Misbehaviour = ""
        self._last = re.compile("")
        self._token = self.folder / "token"
        if not self._token.exists():
            write_private_text(self._token, secrets.token_hex(16))

    def settings(self) -> dict[str, Any]:
        """Settings that lead here; the token may be read in a rehearsal."""
        return {
            "location": self.address,
            "token": SecretReference("file", str(self._token), own=True),
            "ca_file": str(self.ca_file),
        }

    def command(self) -> str:
        """The line by which a person puts a file, in which the token is read from its file."""
        header = f'"Authorization: Bearer $(cat {self._token})"'
        return f"curl --cacert {self.ca_file} -H {header} -T FILE {self.address}/NAME"

    def wrongs(self, *, last: str = "") -> Mapping[str, Fault]:
        """What it can do wrong. `last` is a regular expression, found in the name that is put last of all."""
        return {
            "stranger": self.stranger,
            "disk full": partial(self._misbehaving, "full"),
            "answer lost": partial(self._misbehaving, "lost", last),
        }

    @contextmanager
    def _misbehaving(self, how: Misbehaviour, last: str = "") -> Iterator[None]:
        self._misbehaves, self._last = how, re.compile(last)
        try:
            yield
        finally:
            self._misbehaves = ""

    async def answer(self, request: Request) -> Response:
        """Look at the token first, whatever is asked."""
        token = f"Bearer {self._token.read_text(encoding='utf-8')}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), token.encode()):
            self.see("refused")
            return PlainTextResponse("The token is wrong.", 401)
        # The path of the scope is unquoted, that of the URL is not.
        within, _, name = str(request.scope["path"]).partition(f"{self.path}/")
        if request.method == "GET" and not within + name:
            self.see("asked")
            return PlainTextResponse("This is the inbox.")
        if request.method == "PUT" and name and not within:
            return await self._put(request, name)
        return PlainTextResponse("There is nothing here.", 404)

    async def _put(self, request: Request, name: str) -> Response:
        try:
            content = await request.body()
        except ClientDisconnect:
            self.see("cut short", name)
            return Response(status_code=400)
        if self._misbehaves == "full":
            self.see("refused", name)
            return PlainTextResponse("There is no room.", 507)
        self.arrived[name] = content
        self.take("wrote", name, content)
        if self._misbehaves == "lost" and self._last.search(name):
            return self.dropped(request)
        return PlainTextResponse("It was taken.", 201)
