"""Mail goes over verified TLS, and every refusal says whether trying again helps."""

import socket
from email import message_from_bytes
from email.policy import default

import marshmallow
import pytest
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.notices import mail


def told(notice, port, **options):
    written = {
        "host": "localhost",
        "port": port,
        "sender": "rosterbus@example.org",
        "to": ["pat@example.org", "kim@example.org"],
        "timeout_seconds": 10,
        **options,
    }
    mail.notify(notice, mail.Settings().load(written))


def refusal(notice, port, **options):
    with pytest.raises(ConnectorError) as caught:
        told(notice, port, **options)
    assert "example.org" not in str(caught.value)
    return type(caught.value), str(caught.value)


@pytest.mark.usefixtures("trusted")
def test_one_mail_goes_to_all_addresses(notice, mail_server):
    told(notice, mail_server.port)
    (sent,) = mail_server.mails
    message = message_from_bytes(sent, policy=default)
    assert message["Subject"] == "rosterbus: springfield -> handshake: held"
    assert (message["From"], message["To"]) == ("rosterbus@example.org", "pat@example.org, kim@example.org")
    assert message.get_content().replace("\r\n", "\n") == notice.text
    assert [line for line in mail_server.lines if line.startswith("rcpt")] == [
        "rcpt TO:<pat@example.org>",
        "rcpt TO:<kim@example.org>",
    ]


@pytest.mark.usefixtures("trusted")
def test_tls_may_begin_with_the_connection(notice, tls_mail_server):
    told(notice, tls_mail_server.port, security="tls")
    assert len(tls_mail_server.mails) == 1


@pytest.mark.usefixtures("trusted")
def test_the_password_is_read_from_its_reference_and_sent_after_tls_began(notice, mail_server, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2canary")
    told(notice, mail_server.port, username="rosterbus", password={"env": "MAIL_PASSWORD"})
    verbs = [line.split()[0].upper() for line in mail_server.lines]
    assert verbs.index("STARTTLS") < verbs.index("AUTH")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_with_an_unknown_certificate_is_told_nothing(
    notice, mail_server, tls_mail_server, security, monkeypatch
):
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2canary")
    server = mail_server if security == "starttls" else tls_mail_server
    account = {"username": "rosterbus", "password": {"env": "MAIL_PASSWORD"}}
    kind, sentence = refusal(notice, server.port, security=security, **account)
    assert kind is ConnectorError
    assert "the certificate of localhost is not valid: self" in sentence
    assert not server.mails
    assert not [line for line in server.lines if line.upper().startswith(("AUTH", "MAIL"))]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(notice, mail_server):
    kind, sentence = refusal(notice, mail_server.port, host="127.0.0.1")
    assert (kind, mail_server.mails) == (ConnectorError, [])
    assert "the certificate of 127.0.0.1 is not valid" in sentence


@pytest.mark.usefixtures("trusted")
def test_a_server_without_tls_is_told_nothing(notice, mail_server):
    mail_server.offers = []
    kind, sentence = refusal(notice, mail_server.port)
    assert (kind, mail_server.mails) == (ConnectorError, [])
    assert "does not offer what is needed: TLS" in sentence


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ({"RCPT": "550 no such user kim@example.org"}, ConnectorError, "refused every address: SMTP 550"),
        ({"RCPT": "451 later"}, RetriableError, "refused every address: SMTP 451"),
        ({"rcpt TO:<kim@example.org>": "550 no"}, ConnectorError, "refused 1 of 2 addresses"),
        ({"DATA": "554 no"}, ConnectorError, "SMTP 554"),
        ({"MAIL": "452 full"}, RetriableError, "SMTP 452"),
        ({"AUTH": "535 kim@example.org"}, ConnectorError, r"SMTPAuthenticationError\): SMTP 535"),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(notice, mail_server, monkeypatch, answers, kind, words):
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2canary")
    mail_server.answers = answers
    account = {"username": "rosterbus", "password": {"env": "MAIL_PASSWORD"}}
    with pytest.raises(kind, match=words) as caught:
        told(notice, mail_server.port, **account)
    assert type(caught.value) is kind
    assert "example.org" not in str(caught.value)


def test_a_server_that_is_away_is_tried_again_later(notice):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        kind, sentence = refusal(notice, unused.getsockname()[1])
    assert (kind, sentence) == (
        RetriableError,
        "the mail server localhost cannot be reached: ConnectionRefusedError",
    )


def test_a_password_that_is_not_there_is_a_mistake_of_the_configuration(
    notice, mail_server, trusted, monkeypatch
):
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="the secret is not there"):
        told(notice, mail_server.port, username="rosterbus", password={"env": "MAIL_PASSWORD"})


@pytest.mark.parametrize(
    "options",
    [
        {"to": []},
        {"to": ["pat"]},
        {"to": ["pat@example.org\n"]},
        {"sender": "a@example.org\nBcc: b@example.org"},
        {"username": "rosterbus"},
        {"password": {"env": "X"}},
        {"security": "none"},
    ],
)
def test_settings_that_cannot_work_are_refused(notice, options):
    with pytest.raises(marshmallow.ValidationError):
        told(notice, 25, **options)
