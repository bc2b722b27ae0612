"""Only the right server gets anything, and a file goes through in bounded memory."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading

import pytest
import trustme
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_scilearn import load, probe
from rosterbus_scilearn.endpoint import Endpoint


@pytest.fixture
def other_authority(tmp_path):
    """The file of an authority that did not issue the server's certificate."""
    path = tmp_path / "other.pem"
    path.write_bytes(trustme.CA().cert_pem.bytes())
    return str(path)


def test_a_server_of_another_authority_gets_not_a_byte(server, deliver, load_settings, other_authority):
    settings = load_settings(ca_file=other_authority)
    delivery = deliver(settings)
    with pytest.raises(
        ConnectorError, match=r"certificate of .* is not trusted: .*; it was sent nothing"
    ) as caught:
        load(delivery, settings)
    assert not isinstance(caught.value, RetriableError)
    assert (server.asked, server.uploaded, delivery.was_sent) == ([], 0, False)


def test_a_certificate_that_changed_between_status_and_start_gets_not_a_byte(
    server, deliver, load_settings, other_authority, monkeypatch
):
    settings = load_settings()
    changed = load_settings(ca_file=other_authority)
    delivery = deliver(settings)
    status = Endpoint.status

    def status_and_change(endpoint):
        answer = status(endpoint)
        endpoint._connection = Endpoint(changed)._connection
        return answer

    monkeypatch.setattr(Endpoint, "status", status_and_change)
    with pytest.raises(ConnectorError, match="is not trusted"):
        load(delivery, settings)
    assert (server.asked, server.uploaded, delivery.was_sent) == (["status"], 0, False)


def test_a_certificate_for_another_host_is_told(tmp_path, load_settings):
    authority = trustme.CA()
    issued = authority.issue_cert("elsewhere.example.org")
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_shake_hands, args=(context, listening), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        settings = load_settings(location=f"https://127.0.0.1:{port}/slc", ca_file=str(tmp_path / "ca.pem"))
        [told] = probe(settings)
        thread.join(30)
    assert told.state == "failed"
    assert "not valid for" in told.sentence


def _shake_hands(context, listening):
    connection, _ = listening.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except ssl.SSLError:
            return


def test_a_server_without_tls_gets_nothing_readable(load_settings, deliver):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard = []

        def listen():
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        settings = load_settings(location=f"https://127.0.0.1:{listening.getsockname()[1]}/slc")
        with pytest.raises(RetriableError, match="cannot be reached"):
            load(deliver(settings), settings)
        thread.join(30)
    assert b"login" not in heard[0]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "HTTPS_PROXY", "ALL_PROXY", "SSLKEYLOGFILE"])
def test_the_environment_changes_nothing(server, load_settings, other_authority, monkeypatch, tmp_path, name):
    log = tmp_path / "keys"
    values = {"SSL_CERT_FILE": other_authority, "SSLKEYLOGFILE": str(log)}
    monkeypatch.setenv(name, values.get(name, "http://127.0.0.1:9"))
    [told] = probe(load_settings())
    assert (told.state, log.exists()) == ("proved", False)


def test_without_a_ca_file_the_authorities_of_browsers_are_trusted_whatever_the_environment_says(
    server, load_settings, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    [told] = probe(load_settings(ca_file=None))
    assert (told.state, "is not trusted" in told.sentence) == ("failed", True)


def test_a_file_that_holds_no_certificates_is_told(load_settings, tmp_path):
    path = tmp_path / "no.pem"
    path.write_text("no certificate", encoding="utf-8")
    [told] = probe(load_settings(ca_file=str(path)))
    assert (told.state, "is a PEM file" in told.sentence) == ("failed", True)


MEASURE = """
import hashlib, json, resource, sys
from pathlib import Path
from rosterbus.deliveries import StagedFile
from rosterbus_scilearn import Settings
from rosterbus_scilearn.endpoint import Endpoint

settings, path = json.loads(sys.argv[1]), Path(sys.argv[2])
endpoint = Endpoint(Settings().load(settings))
endpoint.status()
digest = hashlib.sha256()
with path.open("rb") as file:
    while piece := file.read(65536):
        digest.update(piece)
staged = StagedFile(path.name, "students", path, 1, path.stat().st_size, digest.hexdigest())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
endpoint.start(staged, name=path.name, declare=lambda: None, progress=lambda _: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in kilobytes on Linux")
def test_a_file_of_many_megabytes_needs_a_few(server, load_settings, tmp_path):
    path = tmp_path / "students.csv"
    line = b"70001,u1,First,Last,03/09/2011,4,0101\r\n"
    with path.open("wb") as file:
        file.write(b"NOTHING\r\n")
        for _ in range(300):
            file.write(line * 1000)
    settings = {**server.settings(), "password": {"file": str(server.password_file)}}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(settings), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert server.uploaded > 11_000_000
    assert int(done.stdout) < 6_000
