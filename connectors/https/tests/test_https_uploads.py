"""A file goes whole, once, to who proves to be the server; and what is not known is told so."""

from __future__ import annotations

import hashlib
import socket
import threading

import pytest
import trustme
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.private import write_private_text
from rosterbus_https import Connection, Content, LostError, Upload, test_connection

LARGE = b"70001,u1,First,Last\r\n" * 50_000


class Told:
    """What a body said of itself."""

    def __init__(self) -> None:
        self.declared, self.progress = 0, []

    def declare(self) -> None:
        self.declared += 1


def put(settings, file, name="students.csv"):
    told = Told()
    upload = Upload(file, declare=told.declare, progress=told.progress.append)
    try:
        return Connection.of(settings).send("PUT", f"/{name}", upload), told
    except ConnectorError as error:
        return error, told


@pytest.mark.parametrize("content", [b"", b"a", LARGE])
def test_a_file_is_put_whole_under_its_name(inbox, load, staged, content):
    answer, told = put(load(), staged(content), "José 名/students+1.csv")
    assert (answer.code, told.declared) == (201, 1)
    assert told.progress[-1] == len(content)
    assert inbox.arrived == {"José 名/students+1.csv": content}
    assert inbox.received("José 名/students+1.csv") == content
    connected, wrote = inbox.seen()[-2:]
    assert (connected.what, wrote.what, wrote.bytes) == ("connected", "wrote", len(content))
    assert wrote.sha256 == hashlib.sha256(content).hexdigest()


def test_a_marker_is_a_few_bytes(inbox, load):
    told = Told()
    answer = Connection.of(load()).send("PUT", "/COMPLETE", Content(b"", declare=told.declare))
    assert (answer.code, told.declared, inbox.arrived) == (201, 1, {"COMPLETE": b""})


def test_a_wrong_token_is_told_and_nothing_arrives(inbox, load, staged, tmp_path):
    write_private_text(tmp_path / "token", "wrong")
    settings = load(token={"file": str(tmp_path / "token")})
    error, _ = put(settings, staged(b"abc"))
    if not isinstance(error, ConnectorError):
        with pytest.raises(ConnectorError, match="refused the token") as refused:
            Connection.of(settings).refuse(error, "students.csv")
        error = refused.value
    assert not isinstance(error, RetriableError)
    assert inbox.arrived == {}
    [probe] = test_connection(settings)
    assert (probe.state, "refused the token" in probe.sentence) == ("failed", True)


def test_a_probe_changes_nothing_and_proves_the_token(inbox, load):
    [probe] = test_connection(load())
    assert (probe.state, inbox.arrived) == ("proved", {})


def test_a_stranger_is_told_nothing_and_the_server_is_there_again_afterwards(inbox, load, staged):
    with inbox.wrongs()["stranger"]() as told:
        error, said = put(load(), staged(b"abc"))
        assert list(told()) == []
    assert "is not trusted" in str(error)
    assert (isinstance(error, RetriableError), said.declared) == (False, 0)
    assert put(load(), staged(b"abc"))[0].code == 201


def test_a_stranger_that_is_trusted_tells_what_it_was_told(inbox, load, staged, monkeypatch):
    connection = Connection.of(load())
    connection._context.check_hostname = False
    connection._context.verify_mode = 0
    with inbox.wrongs()["stranger"]() as told:
        connection.ask("GET", "/")
        assert list(told()) == ["GET"]


def test_what_fails_before_it_is_declared_is_tried_again(inbox, load, staged):
    file = staged(LARGE)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    error, told = put(load(**inbox.through(port)), file)
    assert (type(error), told.declared) == (RetriableError, 0)
    assert "cannot be reached" in str(error)


def test_a_lost_answer_is_told_as_one_and_the_file_is_there(inbox, load, staged):
    with inbox.wrongs(last="students")["answer lost"]():
        assert put(load(), staged(b"abc"), "first.csv")[0].code == 201
        error, told = put(load(), staged(b"abc"))
    assert (type(error), told.declared) == (LostError, 1)
    assert inbox.arrived["students.csv"] == b"abc"


def test_a_full_disk_takes_nothing(inbox, load, staged):
    connection = Connection.of(load())
    with inbox.wrongs()["disk full"]():
        answer, _ = put(load(), staged(b"abc"))
        with pytest.raises(RetriableError, match=r"answered 507 to students\.csv"):
            connection.refuse(answer, "students.csv")
    assert inbox.arrived == {}


def test_a_file_that_changed_since_the_plan_is_never_whole(inbox, load, staged):
    file = staged(LARGE)
    file.path.write_bytes(LARGE.replace(b"First", b"Frist"))
    error, told = put(load(), file)
    assert "was changed while it was sent" in str(error)
    assert (told.declared, inbox.arrived) == (0, {})


@pytest.mark.parametrize(
    ("code", "sentence", "again"),
    [
        (302, "redirects are not followed", False),
        (404, "correct `location`", False),
        (409, "refused students.csv", False),
        (429, "answered 429", True),
        (503, "answered 503", True),
    ],
)
def test_an_answer_that_is_none_says_whether_to_try_again(load, code, sentence, again):
    from rosterbus_https import Answer

    with pytest.raises(ConnectorError, match=sentence) as told:
        Connection.of(load()).refuse(Answer(code, b"no, Ada"), "students.csv")
    assert isinstance(told.value, RetriableError) == again
    assert "Ada" not in str(told.value)


def test_a_secret_is_taken_out_of_an_answer(inbox, load, monkeypatch):
    token = inbox.settings()["token"].reveal()

    async def answer(request):
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(f"you said {token}")

    monkeypatch.setattr(inbox, "answer", answer)
    assert Connection.of(load()).ask("GET", "/").body == b"you said [secret]"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "HTTPS_PROXY", "ALL_PROXY"])
def test_the_environment_leads_nowhere_else(inbox, load, monkeypatch, tmp_path, name):
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv(name, str(other) if name == "SSL_CERT_FILE" else "http://127.0.0.1:9")
    assert [one.state for one in test_connection(load())] == ["proved"]


def test_a_server_that_never_answers_is_waited_for_and_no_longer(load):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held = []
        thread = threading.Thread(target=lambda: held.append(listening.accept()), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        with pytest.raises(RetriableError, match="cannot be reached"):
            Connection.of(load(location=f"https://127.0.0.1:{port}/x", timeout=1)).ask("GET", "/")
        thread.join(10)
        held[0][0].close()
