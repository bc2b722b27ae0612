"""A web server whose answers a test chooses: the kit of the edges' tests."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import trustme

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class WebServer:
    """A server on loopback. `answer` writes each response; `requests` has the headers of those that came."""

    url: str
    answer: Answer
    requests: list[dict[str, str]] = field(default_factory=list)


def says(code: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer with this body, its length announced unless `headers` say otherwise."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            if value:
                handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
