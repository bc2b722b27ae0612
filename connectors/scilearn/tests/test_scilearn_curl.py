"""The twin takes the article's own lines from curl, and what we send has the shape of what curl sends."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from rosterbus_scilearn import Settings, twin
from rosterbus_scilearn.endpoint import Endpoint
from rosterbus_scilearn.standin import LOGIN

LINES = {
    "start": "curl {0} file=@filename.csv {0} login={login} {0} password={password} "
    "https://{host}/slc/studentupdate/start",
    "status": "curl {0} login={login} {0} password={password} https://{host}/slc/studentupdate/status",
    "cancel": "curl {0} login={login} {0} password={password} https://{host}/slc/studentupdate/cancel",
}
"""As the article has them, but for host, login and password."""

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (Debian: curl)")


@pytest.fixture
def curl(server, tmp_path):
    """Runs one of the article's lines in a folder with filename.csv, trusting the twin's authority beside."""
    (tmp_path / "filename.csv").write_bytes(b"STUDENT_ID,GRADE\r\n70001,4\r\n70002,5\r\n")

    def run(verb, *, option="-F", host="", password=""):
        line = LINES[verb].format(
            option,
            login=LOGIN,
            password=password or server.password_file.read_text(encoding="utf-8"),
            host=host or f"127.0.0.1:{server.port}",
        )
        command = [*shlex.split(line), "--cacert", str(server.ca_file), "--silent", "--show-error"]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


@pytest.mark.parametrize("option", ["-F", "--form"])
def test_the_lines_of_the_article_start_ask_and_cancel(server, jobs, curl, option):
    assert curl("status", option=option) == "There was no update job."
    assert curl("start", option=option) == "The update job was started."
    jobs.work(1)
    assert curl("status", option=option) == "The last update job is still running."
    assert curl("cancel", option=option) == "The last update job was canceled."
    assert curl("status", option=option) == "The last update job was canceled."
    [update] = jobs.settle()
    assert (update["file"], update["updated"], update["left"]) == ("filename.csv", 1, 1)
    assert list(jobs.students) == ["70001"]


def test_a_wrong_password_begins_nothing(server, jobs, curl):
    assert curl("start", password="1234Abcd") == "Login or password is wrong."
    assert jobs.updates == []


def test_the_lines_that_the_twin_tells_work_and_show_no_password(tmp_path):
    stand_in = twin(tmp_path / "twin", {})
    try:
        (tmp_path / "students.csv").write_bytes(b"STUDENT_ID,GRADE\r\n70001,4\r\n")
        told = []
        for line in stand_in.reach:
            assert stand_in.settings["password"].reveal() not in line
            command = [*shlex.split(line), "--silent"]
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                encoding="utf-8",
                cwd=tmp_path,
                timeout=60,
                check=True,
            )
            told.append(done.stdout)
    finally:
        stand_in.stop()
    assert told == [
        "The update job was started.",
        "The last update job completed.",
        "No update job is active.",
    ]


class Listener:
    """A TLS server that writes down requests and answers them all alike."""

    def __init__(self, server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server._certificate, server._key)
        self._listening = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(30)
        self._listening.close()

    def _listen(self):
        for _ in range(2):
            connection, _ = self._listening.accept()
            with connection:
                connection.settimeout(30)
                self.requests.append(self._read(connection))
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nno update job"
                )

    def _read(self, connection):
        got = b""
        while b"\r\n\r\n" not in got:
            got += connection.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += connection.recv(65536)
        return head, body


def shape(request):
    """Request line, type of the body and body, with the boundary and everything that is named by chance taken out."""
    head, body = request
    line, *headers = head.decode("ascii").split("\r\n")
    told = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
    boundary = re.fullmatch(r"multipart/form-data; boundary=(-{24}[0-9a-f]{16})", told["content-type"])[1]
    assert "transfer-encoding" not in told
    assert int(told["content-length"]) == len(body)
    return line, re.sub(rb'filename="[^"]*"', b'filename="f"', body.replace(boundary.encode(), b"BOUNDARY"))


def test_a_start_has_the_shape_of_curls(server, curl, deliver, load_settings, tmp_path):
    content = (tmp_path / "filename.csv").read_bytes()
    with Listener(server) as listener:
        settings = load_settings(location=f"https://{listener.host}/slc")
        delivery = deliver(settings, content=content)
        Endpoint(settings).start(
            delivery.files[0], name="students.csv", declare=lambda: None, progress=lambda _: None
        )
        curl("start", host=listener.host)
    ours, theirs = map(shape, listener.requests)
    assert ours == theirs
    assert ours[0] == "POST /slc/studentupdate/start HTTP/1.1"
    names = re.findall(rb'; name="(\w+)"', ours[1])
    assert names == [b"file", b"login", b"password"]


@pytest.mark.parametrize("verb", ["status", "cancel"])
def test_status_and_cancel_have_the_shape_of_curls(server, curl, load_settings, verb):
    with Listener(server) as listener:
        endpoint = Endpoint(load_settings(location=f"https://{listener.host}/slc"))
        getattr(endpoint, verb)()
        curl(verb, host=listener.host)
    ours, theirs = map(shape, listener.requests)
    assert ours == theirs
    assert ours[0] == f"POST /slc/studentupdate/{verb} HTTP/1.1"


def test_the_article_s_host_is_what_the_server_s_name_makes(load_settings, deliver):
    settings = Settings().load(
        {"server": "ondemand4", "login": LOGIN, "password": {"env": "SCILEARN_PASSWORD"}}
    )
    assert deliver(settings).addressed.target == f"https://ondemand4.scilearn.com/slc#{LOGIN}"
