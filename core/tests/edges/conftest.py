"""The toy plugins, and a web server whose answers the tests choose."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

sys.path.insert(0, str(Path(__file__).parents[1] / "road" / "site"))
sys.path.insert(0, str(Path(__file__).parent / "site"))

from report_kit import Reported
from village_kit import Village, student
from web_kit import Answer, WebServer, server_context


@pytest.fixture
def serve() -> Iterator[Callable[..., WebServer]]:
    """A function that starts a server with a first answer; with TLS if it is given a context."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def started(answer: Answer, context: ssl.SSLContext | None = None) -> WebServer:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                made.requests.append(dict(self.headers))
                made.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if context:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if context else "http"
        made = WebServer(f"{scheme}://127.0.0.1:{server.server_port}", answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        running.append((server, thread))
        return made

    yield started
    for server, thread in running:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS context whose authority this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return server_context(authority)


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """A project with a village's export of 30 students, and a vendor with an empty folder."""
    made = Village(tmp_path)
    made.vendor.mkdir()
    made.write([student(number) for number in range(1, 31)])
    made.pipeline(deliver="contacts = false")
    (tmp_path / "rosterbus.toml").write_text("", encoding="utf-8")
    return made


@pytest.fixture
def site(village: Village) -> Reported:
    """The village, run and reported for a format that keeps what it is given."""
    return Reported(village)
