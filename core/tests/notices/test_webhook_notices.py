"""A webhook gets one POST at its own address over verified TLS, and nothing goes anywhere else."""

import json
import socket

import pytest
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.notices import webhook


@pytest.fixture
def told(notice, monkeypatch):
    def tell(url: str, **options: object) -> None:
        monkeypatch.setenv("WEBHOOK", url)
        settings = webhook.Settings().load({"url": {"env": "WEBHOOK"}, "timeout_seconds": 10, **options})
        webhook.notify(notice, settings)

    return tell


def test_the_notice_is_posted_as_json(told, notice, web_server):
    told(web_server.url)
    ((path, headers, body),) = web_server.posts
    assert (path, headers["Content-Type"]) == ("/services/canary", "application/json; charset=utf-8")
    assert json.loads(body) == notice.as_json()


@pytest.mark.usefixtures("trusted")
def test_tls_is_spoken_with_a_server_that_proves_its_name(told, tls_web_server):
    told(tls_web_server.url.replace("http://127.0.0.1", "https://localhost"))
    assert len(tls_web_server.posts) == 1


def test_a_server_with_an_unknown_certificate_is_told_nothing(told, tls_web_server):
    with pytest.raises(RetriableError, match="cannot be reached: SSLCertVerificationError"):
        told(tls_web_server.url.replace("http://127.0.0.1", "https://localhost"))
    assert not tls_web_server.posts


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(told, web_server, status):
    web_server.status, web_server.location = status, web_server.url
    with pytest.raises(ConnectorError, match=f"answered {status}") as caught:
        told(web_server.url)
    assert len(web_server.posts) == 1
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ConnectorError), (404, ConnectorError), (429, RetriableError), (503, RetriableError)],
)
def test_an_answer_says_whether_trying_again_helps(told, web_server, status, kind):
    web_server.status = status
    with pytest.raises(kind, match=f"the webhook at 127.0.0.1 answered {status}") as caught:
        told(web_server.url)
    assert type(caught.value) is kind


def test_a_service_that_is_away_is_tried_again_later(told):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RetriableError, match="cannot be reached: ConnectionRefusedError"):
            told(f"http://127.0.0.1:{unused.getsockname()[1]}/canary")


def test_a_service_that_never_answers_is_given_up(told):
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(RetriableError, match="cannot be reached: TimeoutError"):
        told(f"http://127.0.0.1:{silent.getsockname()[1]}/canary", timeout_seconds=1)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/canary",
        "file:///etc/canary",
        "ftp://example.org/canary",
        "canary",
        "https:///canary",
        "https://[canary",
        "http://127.0.0.1.example.org/canary",
    ],
)
def test_an_address_without_tls_beyond_this_machine_is_refused(told, url):
    with pytest.raises(ConfigError, match="not one that can be used") as caught:
        told(url)
    assert "canary" not in str(caught.value)


def test_a_proxy_is_not_told_of_what_stays_on_this_machine(told, web_server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    told(web_server.url)
    assert len(web_server.posts) == 1
