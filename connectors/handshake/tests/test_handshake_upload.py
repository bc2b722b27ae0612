"""Uploads to a real S3 server whose identity may only put."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rosterbus.deliveries import Delivery, Done, NotStarted, Partly, Unsure
from rosterbus.errors import ConfigError, ConnectorError, RetriableError
from rosterbus.private import write_private_text
from rosterbus.settings import Values
from rosterbus_handshake import address, load, probe, reconcile
from rosterbus_handshake.published import BUCKET
from rosterbus_s3.server import S3Server

Deliveries = Callable[..., Delivery]
Load = Callable[..., Values]


def addressed(delivery: Delivery, settings: Values) -> Delivery:
    return replace(delivery, address=address(delivery, settings))


def test_a_file_arrives_byte_for_byte_with_evidence(
    server: S3Server, make_delivery: Deliveries, uploading: Load
) -> None:
    settings = uploading()
    told: list[str] = []
    delivery = addressed(make_delivery(mark_sent=lambda: told.append("sent")), settings)
    done = load(delivery, settings)
    assert isinstance(done, Done)
    assert done.outcome == "unknown"
    assert done.evidence["sha256"] == delivery.files[0].sha256
    assert done.evidence["etag"]
    assert told == ["sent"]
    assert server.read(BUCKET, delivery.addressed.files[0]) == delivery.files[0].path.read_bytes()


def test_a_name_that_somebody_else_took_is_unsure_and_stays_theirs(
    server: S3Server, make_delivery: Deliveries, uploading: Load
) -> None:
    settings = uploading()
    theirs = addressed(make_delivery(b"username\n1\n"), settings)
    assert isinstance(load(theirs, settings), Done)
    answer = load(addressed(make_delivery(b"username\n2\n"), settings), settings)
    assert isinstance(answer, Unsure)
    assert "somebody else uploads to this folder" in answer.why
    assert server.read(BUCKET, theirs.addressed.files[0]) == b"username\n1\n"


def test_a_lost_answer_is_settled_by_the_same_put(make_delivery: Deliveries, uploading: Load) -> None:
    settings = uploading()
    delivery = addressed(make_delivery(), settings)
    load(delivery, settings)  # and the answer is lost
    again = replace(delivery, state="sent", was_sent=True)
    assert isinstance(reconcile(again, settings), Partly)
    done = load(again, settings)
    assert isinstance(done, Done)
    assert done.evidence["exists"] == "since an earlier attempt of this delivery"


def test_the_ledger_alone_says_what_became_of_a_delivery(
    make_delivery: Deliveries, load_settings: Load
) -> None:
    settings = load_settings()
    assert reconcile(make_delivery(), settings) == NotStarted()
    assert reconcile(make_delivery(state="confirmed", was_sent=True), settings) == Done({})


def test_a_wrong_secret_is_said_in_a_sentence(
    make_delivery: Deliveries, uploading: Load, tmp_path: Path
) -> None:
    wrong = {"file": str(write_private_text(tmp_path / "secret", "0" * 32))}
    settings = uploading(secret_access_key=wrong)
    with pytest.raises(ConnectorError, match="the secret access key is wrong") as caught:
        load(addressed(make_delivery(), settings), settings)
    assert not isinstance(caught.value, RetriableError)


def test_a_bucket_that_is_not_there_is_final(make_delivery: Deliveries, uploading: Load) -> None:
    settings = uploading(bucket="nobody-has-this")
    with pytest.raises(ConnectorError) as caught:
        load(addressed(make_delivery(), settings), settings)
    assert not isinstance(caught.value, RetriableError)


def test_a_server_that_is_away_is_tried_again_by_the_next_run(
    make_delivery: Deliveries, uploading: Load
) -> None:
    settings = uploading(endpoint="http://127.0.0.1:9")
    with pytest.raises(RetriableError, match="cannot be reached"):
        load(addressed(make_delivery(), settings), settings)


def test_bytes_that_changed_since_the_plan_are_not_stored(
    server: S3Server, make_delivery: Deliveries, uploading: Load
) -> None:
    settings = uploading()
    delivery = addressed(make_delivery(), settings)
    delivery.files[0].path.write_bytes(b"username\n9999\n")
    with pytest.raises(ConnectorError, match="not the ones that were planned"):
        load(delivery, settings)
    assert server.names(BUCKET, settings.bucket_folder) == {}


def test_the_credentials_may_only_put(make_delivery: Deliveries, uploading: Load, server: S3Server) -> None:
    from rosterbus_s3 import connect

    settings = uploading()
    delivery = addressed(make_delivery(), settings)
    load(delivery, settings)
    with connect(settings) as store:
        for reading in (
            lambda: store.names(settings.bucket_folder),
            lambda: store.open(delivery.addressed.files[0]),
        ):
            with pytest.raises(ConnectorError, match="no permission"):
                reading()


def test_a_probe_asks_the_bucket_nothing(uploading: Load) -> None:
    credential, stage = probe(uploading(endpoint="http://127.0.0.1:9", stage="watched"))
    assert (credential.what, credential.state) == ("credential", "not provable without sending")
    assert "--test" in credential.sentence
    assert "watched" in stage.sentence


def test_a_probe_finds_a_secret_that_is_not_there(
    uploading: Load, tmp_path: Path, make_delivery: Deliveries
) -> None:
    settings = uploading(secret_access_key={"file": str(tmp_path / "nothing")})
    assert probe(settings)[0].state == "failed"
    with pytest.raises(ConfigError):
        load(addressed(make_delivery(), settings), settings)
