"""Reading over HTTPS from a real server: whole and from whom it should be, or an error that says what to do."""

from __future__ import annotations

import time

import pytest
import trustme
from rosterbus import transports
from rosterbus.errors import ConfigError, ConnectorError, NotThereError, RetriableError
from web_kit import says, server_context

BODY = b"id,first\n1,Ada\n" * 5_000


def read(url, **transport):
    with transports.HttpsTransport().open(url, transport) as body:
        return body.read()


def test_a_file_is_read_whole_with_the_token(serve, trusted, monkeypatch):
    server = serve(says(200, BODY), trusted)
    monkeypatch.setenv("SIS_TOKEN", "s3cret")

    assert read(f"{server.url}/export.csv", token={"env": "SIS_TOKEN"}) == BODY
    assert server.requests[0]["Authorization"] == "Bearer s3cret"


def test_an_untrusted_certificate_is_refused_before_the_token_goes(serve, monkeypatch):
    server = serve(says(200, BODY), server_context(trustme.CA()))
    monkeypatch.setenv("SIS_TOKEN", "s3cret")

    with pytest.raises(ConnectorError, match="is not trusted") as told:
        read(server.url, token={"env": "SIS_TOKEN"})
    assert not isinstance(told.value, RetriableError)
    assert server.requests == []


def test_a_redirect_is_refused_with_what_to_do(serve, trusted):
    elsewhere = serve(says(200, BODY), trusted)
    server = serve(says(302, Location=elsewhere.url), trusted)

    with pytest.raises(ConnectorError, match="answered 302, and redirects are not followed"):
        read(server.url)
    assert elsewhere.requests == []


@pytest.mark.parametrize(("code", "kind"), [(404, 1), (403, 1), (202, 1), (429, 75), (503, 75), (504, 75)])
def test_an_answer_says_whether_another_try_helps(serve, trusted, code, kind):
    server = serve(says(code), trusted)

    with pytest.raises(ConnectorError, match=f"answered {code}") as told:
        read(server.url)
    assert told.value.exit_code == kind


def test_a_file_that_is_not_there_is_known_as_such(serve, trusted, tmp_path):
    with pytest.raises(NotThereError, match="answered 404: there is no such file"):
        read(serve(says(404, BODY), trusted).url)
    with pytest.raises(NotThereError, match=r"nothing\.csv is not there"):
        transports.FileTransport().open(str(tmp_path / "nothing.csv"), {})
    with pytest.raises(NotThereError, match="nothing is not there"):
        transports.FileTransport().list(str(tmp_path / "nothing"), {})


def test_a_body_that_is_cut_short_is_an_error_and_no_short_file(serve, trusted):
    server = serve(says(200, BODY, Content_Length=str(len(BODY) + 7)), trusted)

    with pytest.raises(RetriableError, match="broke off with 7 bytes to come"):
        read(server.url)


def test_a_body_in_chunks_is_read_whole_and_one_that_is_cut_is_an_error(serve, trusted):
    chunk = b"f\r\nid,first\n1,Ada\n\r\n"
    chunked = {"Content_Length": "", "Transfer_Encoding": "chunked"}
    server = serve(says(200, chunk + b"0\r\n\r\n", **chunked), trusted)
    assert read(server.url) == b"id,first\n1,Ada\n"

    server.answer = says(200, chunk + b"f\r\nid", **chunked)
    with pytest.raises(RetriableError, match="broke off in the middle: IncompleteRead"):
        read(server.url)


def test_a_body_of_unknown_length_is_refused_since_a_part_would_pass_for_the_whole(serve, trusted):
    server = serve(says(200, BODY, Content_Length=""), trusted)

    with pytest.raises(ConnectorError, match="does not say how long the file is"):
        read(server.url)


def test_a_server_that_stops_in_the_middle_is_not_waited_for_without_end(serve, trusted, monkeypatch):
    monkeypatch.setattr(transports, "SECONDS", 0.2)

    def stop(handler):
        says(200, b"half", Content_Length="8")(handler)
        handler.wfile.flush()
        time.sleep(1)

    with pytest.raises(RetriableError, match="broke off in the middle: TimeoutError"):
        read(serve(stop, trusted).url)


def test_a_server_that_does_not_answer_can_be_tried_again(serve, trusted):
    server = serve(lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), trusted)

    with pytest.raises(RetriableError, match="gave no answer that can be read: BadStatusLine"):
        read(server.url)
    with pytest.raises(RetriableError, match="cannot be reached"):
        read("https://127.0.0.1:9/export.csv")


def test_plain_http_is_read_on_loopback_alone_and_passes_no_proxy(serve, monkeypatch):
    server, proxy = serve(says(200, BODY)), serve(says(200, b"seen"))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)

    assert read(server.url) == BODY
    assert proxy.requests == []
    with pytest.raises(ConfigError, match="not read over plain HTTP"):
        read("http://sis.example.org/export.csv")


@pytest.mark.parametrize(
    "url",
    ["https://ada:s3cret@sis.example.org/x", "https:///x", "https://[::1/x", "https://sis.example.org:no/x"],
)
def test_an_odd_url_is_refused_without_repeating_a_secret(url):
    with pytest.raises(ConfigError) as told:
        read(url)
    assert "s3cret" not in str(told.value)


def test_a_literal_or_misspelt_token_is_refused_and_not_repeated(serve):
    for transport in ({"token": "s3cret"}, {"tokn": {"env": "X"}}):
        with pytest.raises(ConfigError) as told:
            read("https://127.0.0.1:9/x", **transport)
        assert "s3cret" not in str(told.value)


def test_a_file_url_with_a_host_is_refused_since_its_path_would_be_another():
    assert str(transports.local_path("file:///tmp/a%20b.zip")) == "/tmp/a b.zip"
    with pytest.raises(ConfigError, match="three slashes"):
        transports.local_path("file://export/oneroster.zip")
