"""What other stores answer, each as one sentence of the right kind; a put is never repeated by itself."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_s3 import StoreAwayError, connect

ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>secret words</Message></Error>"


class AnsweringStore(ThreadingHTTPServer):
    """Answers every request alike, and counts the PUTs; status 0 hangs up after the whole body came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.code, self.puts = 200, "", 0
        self.silence = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    server: AnsweringStore

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.puts += 1
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def answer(self) -> None:
        if self.server.status == 0:
            self.close_connection = True
            return
        if self.server.status < 0:
            self.server.silence.wait(30)
            return
        body = ERROR.format(self.server.code).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def answering():
    server = AnsweringStore()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.silence.set()
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def put(answering, load, roster, digest):
    """Puts a file into the answering store."""

    def put_there(**changes):
        endpoint = f"http://127.0.0.1:{answering.server_address[1]}"
        with connect(load(endpoint=endpoint, **changes)) as store:
            return store.put_once(roster, "folder/users.csv", sha256=digest)

    return put_there


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (301, "PermanentRedirect", "in another region; correct `region`"),
        (400, "AuthorizationHeaderMalformed", "in another region; correct `region`"),
        (403, "AccessDenied", "no permission"),
        (403, "ExpiredToken", "temporary credentials have expired"),
        (403, "RequestTimeTooSkewed", "the clock of this machine is wrong"),
        (400, "XAmzContentSHA256Mismatch", "not the ones that were planned"),
        (501, "NotImplemented", "write `conditional = false`"),
        (418, "Teapot", "the store refused it"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(answering, put, status, code, told):
    answering.status, answering.code = status, code
    with pytest.raises(ConnectorError, match=told) as refused:
        put()
    assert not isinstance(refused.value, RetriableError)
    assert "secret words" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "code", "maybe_taken"),
    [
        (409, "ConditionalRequestConflict", False),
        (503, "SlowDown", False),
        (500, "InternalError", True),
        (504, "", True),
        (0, "", True),
    ],
)
def test_a_store_in_trouble_is_asked_once_and_it_is_said_what_may_have_arrived(
    answering, put, status, code, maybe_taken
):
    answering.status, answering.code = status, code
    with pytest.raises(StoreAwayError) as away:
        put()
    assert away.value.maybe_taken is maybe_taken
    assert answering.puts == 1


def test_a_store_that_falls_silent_is_given_up(answering, put):
    answering.status = -1
    with pytest.raises(StoreAwayError, match="the connection was lost while putting") as away:
        put(timeout=1)
    assert (away.value.maybe_taken, answering.puts) == (True, 1)


def test_taken_is_an_answer_only_to_a_conditional_put(answering, put):
    answering.status, answering.code = 412, "PreconditionFailed"
    assert put().created is False
    with pytest.raises(ConnectorError, match="412 PreconditionFailed"):
        put(conditional=False)


def test_an_untrusted_certificate_is_final(answering, load, roster, digest):
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    answering.socket = context.wrap_socket(answering.socket, server_side=True)
    endpoint = f"https://127.0.0.1:{answering.server_address[1]}"
    with (
        connect(load(endpoint=endpoint)) as store,
        pytest.raises(ConnectorError, match="no certificate") as refused,
    ):
        store.put_once(roster, "x", sha256=digest)
    assert not isinstance(refused.value, RetriableError)
    assert answering.puts == 0
