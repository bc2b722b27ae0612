"""What is read comes whole or not at all, with its query, and only from who proves to be the server."""

from __future__ import annotations

import pytest
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_https import Connection
from rosterbus_https.server import HTTPSServer
from starlette.responses import JSONResponse, Response

ROWS = [{"id": f"S{number}", "last_name": "Núñez, 名"} for number in range(5000)]


class Api(HTTPSServer):
    """Gives rows from a place on, however many they are."""

    async def answer(self, request):
        if request.url.path == "/gone":
            return Response(status_code=410)
        if request.url.path == "/lost":
            return self.dropped(request)
        return JSONResponse({"rows": ROWS, "asked": dict(request.query_params)})


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with Api(tmp_path_factory.mktemp("api")) as api:
        yield api


def connected(api, **options):
    return Connection(api.address, ca_file=str(api.ca_file), timeout=5, **options)


def test_an_answer_of_any_size_is_read_whole_with_its_query(api):
    answer = connected(api).read("/rows", {"after": "S1&x=é"})
    assert (answer.code, answer.accepted) == (200, True)
    assert answer.json() == {"rows": ROWS, "asked": {"after": "S1&x=é"}}


def test_an_answer_that_is_too_large_is_refused_and_never_cut(api):
    with pytest.raises(ConnectorError, match="more than 1,000 bytes; ask for less at once"):
        connected(api).read("/rows", most=1000)


def test_what_is_no_json_is_told_without_a_word_of_it(api):
    with pytest.raises(ConnectorError, match="answered what is no JSON"):
        connected(api).read("/gone").json()


def test_a_code_is_for_the_reader_to_judge(api):
    answer = connected(api).read("/gone")
    assert (answer.code, answer.accepted) == (410, False)


def test_an_answer_that_never_comes_may_come_later(api):
    with pytest.raises(RetriableError, match="was lost"):
        connected(api).read("/lost")


def test_a_secret_in_what_is_read_is_taken_out(api):
    assert "Núñez" not in connected(api, secrets=["Núñez"]).read("/rows").body.decode()
