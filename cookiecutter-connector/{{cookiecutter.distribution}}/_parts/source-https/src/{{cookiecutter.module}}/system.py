"""{{ cookiecutter.system }} on this machine: its API on loopback, with a certificate authority of its own."""

from __future__ import annotations

import hmac
import json
import secrets
import ssl
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme
from rosterbus.deliveries import Twin
from rosterbus.private import private_folder, write_private_bytes, write_private_text
from rosterbus.secrets import SecretReference

from {{ cookiecutter.module }}.service import ANSWERS, FAULTS, Service

LOOPBACK = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Answers whoever brings the token."""

    def __init__(self, token: str, service: Service) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.token, self.service = token, service

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        parts, given = urlsplit(self.path), self.headers.get("Authorization", "")
        known = hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode())
        asked = dict(parse_qsl(parts.query))
        code, content = self.server.service.answer(parts.path, asked) if known else (401, {})
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def start(folder: Path) -> Twin:
    """Listen on a free port; what a client has to know lies in `folder`."""
    service, authority, token = Service(), trustme.CA(), secrets.token_hex(16)
    token_file = write_private_text(private_folder(folder) / "token", token)
    ca_file = write_private_bytes(folder / "ca.pem", authority.cert_pem.bytes())
    server = Server(token, service)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    # Each connection shakes hands in its own thread, so that a silent client keeps nobody waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, name="twin", daemon=True)
    thread.start()

    def through(port: int) -> dict[str, Any]:
        secret = SecretReference("file", str(token_file), own=True)
        return {"server": f"https://{LOOPBACK}:{port}", "token": secret, "ca_file": str(ca_file)}

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    port = server.server_address[1]
    curl = f'curl --cacert {ca_file} -H "Authorization: Bearer $(cat {token_file})"'
    return Twin(
        name="{{ cookiecutter.name }}",
        settings=through(port),
        reach=[f"{curl} 'https://{LOOPBACK}:{port}/v1/tables/students?limit=5'"],
        stop=stop,
        settle=list,
        answers=ANSWERS,
        folder=folder,
        port=port,
        through=through,
        faults={name: partial(service.failing, name) for name in FAULTS},
        extras={"change": service.change},
    )
