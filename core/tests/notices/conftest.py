"""Mail and web servers on loopback, with certificates of an authority made for the test."""

import socketserver
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from rosterbus.notices import Notice


@pytest.fixture
def notice():
    return Notice(
        kind="held",
        pipeline="springfield",
        delivery="handshake",
        sentence="the plan 7f3a is held: école 0123 lost every student",
        counts={"removed": 1412},
        command="rosterbus diff 7f3a",
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """A self-signed certificate for localhost together with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def trusted(certificate, monkeypatch):
    """This machine trusts the test's authority, as an administrator would have it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class MailServer(socketserver.ThreadingTCPServer):
    """A small SMTP server: `answers` replaces the answer to a command, `lines` is what was said to it."""

    def __init__(self, certificate: Path, *, tls_first: bool = False) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.tls_first = tls_first
        self.answers: dict[str, str] = {}
        self.offers = ["STARTTLS", "AUTH PLAIN"]
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _MailSession)

    @property
    def port(self) -> int:
        return self.server_address[1]


class _MailSession(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self) -> None:
        if self.server.tls_first and not self._begin_tls():
            return
        self._say("220 test")
        while line := self.rfile.readline().decode("ascii").strip():
            self.server.lines.append(line)
            verb = line.split(" ")[0].split(":")[0].upper()
            answer = self.server.answers.get(line) or self.server.answers.get(verb)
            if answer:
                self._say(answer)
            elif not getattr(self, f"_{verb.lower()}", self._fine)():
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _begin_tls(self) -> bool:
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            return False
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        return True

    def _say(self, *lines: str) -> bool:
        for line in lines:
            self.wfile.write(f"{line}\r\n".encode("ascii"))
        return True

    def _fine(self) -> bool:
        return self._say("250 fine")

    def _ehlo(self) -> bool:
        offers = self.server.offers
        return self._say("250-test", *(f"250-{offer}" for offer in offers), "250 8BITMIME")

    def _starttls(self) -> bool:
        self._say("220 go")
        return self._begin_tls()

    def _auth(self) -> bool:
        return self._say("235 welcome")

    def _data(self) -> bool:
        self._say("354 go on")
        mail = b""
        while (line := self.rfile.readline()) != b".\r\n":
            mail += line
        self.server.mails.append(mail)
        return self._fine()

    def _quit(self) -> bool:
        self._say("221 bye")
        return False


@pytest.fixture
def mail_server(certificate):
    with running(MailServer(certificate)) as server:
        yield server


@pytest.fixture
def tls_mail_server(certificate):
    with running(MailServer(certificate, tls_first=True)) as server:
        yield server


class WebServer(ThreadingHTTPServer):
    """Takes POSTs into `posts` and answers with `status`, and `location` as a header if there is one."""

    def __init__(self) -> None:
        self.daemon_threads = False
        self.status, self.location = 204, ""
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _WebSession)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/services/canary"


class _WebSession(BaseHTTPRequestHandler):
    timeout = 20

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.posts.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def web_server():
    with running(WebServer()) as server:
        yield server


@pytest.fixture
def tls_web_server(certificate):
    server = WebServer()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with running(server):
        yield server
