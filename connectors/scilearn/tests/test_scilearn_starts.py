"""One start for each delivery, whatever happens to it on the way."""

from __future__ import annotations

import pytest
from rosterbus.deliveries import Done, NotStarted, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.private import write_private_text
from rosterbus_https.connection import HIDDEN
from rosterbus_scilearn import load, reconcile


def starts(server):
    return len(server.jobs.updates)


def test_a_file_is_sent_whole_and_its_update_runs(server, jobs, deliver, load_settings):
    settings = load_settings()
    delivery = deliver(settings, students=3)
    told = []
    delivery.progress = lambda *piece: told.append(piece)
    answer = load(delivery, settings)
    assert isinstance(answer, Done)
    assert answer.outcome == "running"
    assert answer.evidence["sha256"] == delivery.files[0].sha256
    assert "by e-mail" in answer.evidence["note"]
    assert server.asked == ["status", "start"]
    [update] = jobs.updates
    assert (update.file, len(update.rows), update.rows[0]["STUDENT_ID"]) == (
        "students-20261120-210405.csv",
        3,
        "70000",
    )
    assert told[-1] == ("students.csv", delivery.files[0].bytes, delivery.files[0].bytes)


def test_everything_that_was_answered_is_kept_without_the_password(server, jobs, deliver, load_settings):
    settings = load_settings()
    secret = server.password_file.read_text(encoding="utf-8")
    server.faults.says = (200, f"The update was started for {secret}.")
    delivery = deliver(settings)
    load(delivery, settings)
    assert delivery.answers["status-before.txt"] == b"HTTP 200\n\nThere was no update job."
    assert delivery.answers["start.txt"] == b"HTTP 200\n\nThe update was started for " + HIDDEN + b"."


def test_what_was_before_is_noted_before_login_and_password_go_out(server, deliver, load_settings):
    settings = load_settings()
    delivery = deliver(settings)
    seen = []

    def mark_sent(evidence):
        seen.append((dict(evidence), starts(server)))

    delivery.mark_sent = mark_sent
    load(delivery, settings)
    assert seen == [({"before": "none"}, 0)]


def test_while_an_update_runs_nothing_is_sent(server, jobs, deliver, load_settings):
    settings = load_settings()
    jobs.start("theirs.csv", b"STUDENT_ID\r\n7\r\n")
    delivery = deliver(settings)
    with pytest.raises(RetriableError, match="an update of this account is running"):
        load(delivery, settings)
    assert (server.asked, server.uploaded, delivery.was_sent) == (["status"], 0, False)
    assert reconcile(delivery, settings) == NotStarted()


def test_before_the_status_is_understood_nothing_is_sent(server, deliver, load_settings):
    settings = load_settings(words={"none": []})
    delivery = deliver(settings)
    with pytest.raises(ConnectorError, match="write one of those kept with the run into `words`") as caught:
        load(delivery, settings)
    assert not isinstance(caught.value, RetriableError)
    assert (server.uploaded, delivery.was_sent) == (0, False)
    assert delivery.answers["status-before.txt"].endswith(b"There was no update job.")


def test_a_status_that_says_two_things_is_not_understood(server, jobs, deliver, load_settings):
    jobs.start("a.csv", b"STUDENT_ID\r\n7\r\n")
    settings = load_settings(words={"completed": ["last update"]})
    with pytest.raises(ConnectorError, match="in words that are not known"):
        load(deliver(settings), settings)


def test_wrong_credentials_are_refused_before_a_byte_of_the_file(server, deliver, load_settings, tmp_path):
    wrong = {"file": str(write_private_text(tmp_path / "secret", "not-the-password"))}
    settings = load_settings(password=wrong)
    delivery = deliver(settings)
    with pytest.raises(ConnectorError, match="refused login or password") as caught:
        load(delivery, settings)
    assert not isinstance(caught.value, RetriableError)
    assert "not-the-password" not in str(caught.value)
    assert (server.uploaded, delivery.was_sent, starts(server)) == (0, False, 0)


@pytest.mark.parametrize("cut", [0, 100_000, 3_000_000])
def test_an_upload_that_is_cut_began_nothing_and_goes_again(server, deliver, load_settings, cut):
    settings = load_settings()
    delivery = deliver(settings, students=150_000)
    server.faults.drop_after = cut
    with pytest.raises(RetriableError, match="nothing was started"):
        load(delivery, settings)
    assert (delivery.was_sent, starts(server)) == (False, 0)
    server.faults.drop_after = None
    assert reconcile(delivery.next_night(), settings) == NotStarted()
    assert isinstance(load(delivery.next_night(), settings), Done)
    assert [len(update.rows) for update in server.jobs.updates] == [150_000]


def test_a_server_that_stops_reading_is_waited_for_and_no_longer(server, deliver, load_settings):
    settings = load_settings(timeout=1)
    delivery = deliver(settings, students=200_000)
    server.faults.silent = True
    with pytest.raises(RetriableError, match="stopped reading; nothing was started"):
        load(delivery, settings)
    assert (delivery.was_sent, starts(server)) == (False, 0)


def test_a_server_that_is_away_is_tried_again(server, deliver, load_settings):
    settings = load_settings(location="https://127.0.0.1:9/slc")
    delivery = deliver(settings)
    with pytest.raises(RetriableError, match="cannot be reached"):
        load(delivery, settings)
    assert reconcile(delivery, settings) == NotStarted()


def test_a_server_that_goes_away_after_the_status_is_tried_again(server, deliver, load_settings, monkeypatch):
    from rosterbus_scilearn.updates import Account

    settings = load_settings()
    delivery = deliver(settings)
    look = Account.look

    def look_and_stop(account, moment):
        seen = look(account, moment)
        account.endpoint._connection.address = "https://127.0.0.1:9/slc"
        return seen

    monkeypatch.setattr(Account, "look", look_and_stop)
    with pytest.raises(RetriableError, match=r"cannot be reached .*; nothing was started"):
        load(delivery, settings)
    assert not delivery.was_sent


def test_a_file_that_changed_since_the_plan_is_never_started(server, deliver, load_settings):
    settings = load_settings()
    delivery = deliver(settings)
    content = delivery.files[0].path.read_bytes()
    delivery.files[0].path.write_bytes(content.replace(b"First1", b"First9"))
    with pytest.raises(ConnectorError, match="was changed while it was sent"):
        load(delivery, settings)
    assert (delivery.was_sent, starts(server)) == (False, 0)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (401, "refused login or password"),
        (404, "correct `server`"),
        (409, "refused the update, which was not started"),
        (413, "answered 413"),
    ],
)
def test_a_refused_start_is_final_and_its_words_are_not_repeated(
    server, deliver, load_settings, code, sentence
):
    settings = load_settings()
    server.faults.ignores, server.faults.says = True, (code, "no, Last1")
    with pytest.raises(ConnectorError, match=sentence) as caught:
        load(deliver(settings), settings)
    assert not isinstance(caught.value, RetriableError)
    assert "Last1" not in str(caught.value)


@pytest.mark.parametrize("told", [(507, "Insufficient storage"), (500, ""), (302, ""), (200, "<html>")])
@pytest.mark.parametrize("begun", [True, False])
def test_an_unclear_answer_is_looked_into_and_held_if_it_stays_so(
    server, deliver, load_settings, told, begun
):
    settings = load_settings(only_starter=True)
    server.faults.ignores, server.faults.says = not begun, told
    answer = load(deliver(settings), settings)
    if begun:
        assert isinstance(answer, Done)
        assert (answer.outcome, f"answered {told[0]}" in answer.evidence["found"]) == ("running", True)
    else:
        assert isinstance(answer, Unsure)
        assert f"answered {told[0]}" in answer.why
    assert server.asked == ["status", "start", "status"]


def test_a_lost_answer_is_found_out_by_the_status(server, jobs, deliver, load_settings):
    settings = load_settings(only_starter=True)
    server.faults.drops = True
    delivery = deliver(settings)
    answer = load(delivery, settings)
    assert isinstance(answer, Done)
    assert answer.outcome == "running"
    assert starts(server) == 1


def test_without_the_promise_of_being_alone_a_running_update_is_not_believed_to_be_ours(
    server, deliver, load_settings
):
    settings = load_settings()
    server.faults.drops = True
    answer = load(deliver(settings), settings)
    assert isinstance(answer, Unsure)
    assert "may be another's" in answer.why
    assert "settle" in answer.why


def test_one_that_ended_like_the_one_before_cannot_be_told_from_it(server, jobs, deliver, load_settings):
    settings = load_settings(only_starter=True)
    jobs.start("yesterday.csv", b"STUDENT_ID\r\n7\r\n")
    jobs.work()
    jobs.pace, server.faults.drops = 0, True
    answer = load(deliver(settings), settings)
    assert isinstance(answer, Unsure)
    assert "does not tell whether an update has begun" in answer.why
    assert starts(server) == 2


def test_a_server_that_is_gone_after_the_upload_is_asked_by_the_next_run(server, deliver, load_settings):
    settings = load_settings(only_starter=True)
    server.faults.drops = True
    delivery = deliver(settings)
    mark_sent = delivery.mark_sent

    def mark_and_break(evidence):
        mark_sent(evidence)
        server.faults.status_drops = 1

    delivery.mark_sent = mark_and_break
    with pytest.raises(RetriableError, match="was lost"):
        load(delivery, settings)
    assert delivery.was_sent
    answer = reconcile(delivery.next_night(), settings)
    assert isinstance(answer, Done)
    assert starts(server) == 1


def test_a_status_that_is_refused_after_the_upload_does_not_count_as_not_sent(server, deliver, load_settings):
    """A final error would say that nothing arrived, and the next run would send again."""
    settings = load_settings(only_starter=True)
    server.faults.drops = True
    delivery = deliver(settings)
    mark_sent = delivery.mark_sent

    def mark_and_break(evidence):
        mark_sent(evidence)
        server.faults.status_says = (403, "")

    delivery.mark_sent = mark_and_break
    answer = load(delivery, settings)
    assert isinstance(answer, Unsure)
    assert "refused login or password" in answer.why


def test_a_later_look_finds_the_lost_update_that_was_slow_to_appear(
    server, deliver, load_settings, monkeypatch
):
    monkeypatch.setattr("rosterbus_scilearn.updates.LOOK_EVERY", 0.01)
    settings = load_settings(only_starter=True, look_seconds=20)
    server.faults.drops, server.faults.late = True, 1
    answer = load(deliver(settings), settings)
    assert isinstance(answer, Done)
    assert server.asked == ["status", "start", "status", "status"]


def test_load_of_what_was_sent_starts_nothing(server, deliver, load_settings):
    settings = load_settings(only_starter=True)
    delivery = deliver(settings)
    load(delivery, settings)
    server.asked.clear()
    assert isinstance(load(delivery.next_night(), settings), Done)
    assert server.asked == ["status"]
