"""{{ cookiecutter.system }} on this machine: its API, with a made-up district."""

from __future__ import annotations

import hmac
import secrets
from functools import partial
from pathlib import Path

from rosterbus.deliveries import Twin
from rosterbus.private import write_private_text
from rosterbus.secrets import SecretReference
from rosterbus_https.server import HTTPSServer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from {{ cookiecutter.module }}.answers import ANSWERS
from {{ cookiecutter.module }}.service import FAULTS, Service


class System(HTTPSServer):
    """Answers whoever brings the token, which is made anew each time."""

    path = "/api"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.service = Service()
        self.token_file = write_private_text(self.folder / "token", secrets.token_hex(16))

    async def answer(self, request: Request) -> Response:
        """Look at the token first, whatever is asked."""
        token = f"Bearer {self.token_file.read_text(encoding='utf-8')}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), token.encode()):
            return JSONResponse({}, 401)
        path = request.url.path.removeprefix(self.path)
        code, content = self.service.answer(path, request.query_params)
        return JSONResponse(content, code)


def start(folder: Path) -> Twin:
    """Listen on a free port."""
    system = System(folder)
    system.start()
    token = SecretReference("file", str(system.token_file), own=True)
    trusted = {"token": token, "ca_file": str(system.ca_file)}
    curl = f'curl --cacert {system.ca_file} -H "Authorization: Bearer $(cat {system.token_file})"'
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"location": system.address, **trusted},
        reach=[f"{curl} '{system.address}/tables/students?limit=5'"],
        stop=system.stop,
        settle=list,
        answers=ANSWERS,
        folder=folder,
        extras={"change": system.service.change},
        port=system.port,
        through=system.through,
        faults={name: partial(system.service.failing, name) for name in FAULTS},
    )
