"""The job of a delivery: asked, canceled, and what each answer means for the delivery."""

from __future__ import annotations

import pytest
from rosterbus.deliveries import Done
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus_scilearn import job, load, probe, reconcile
from rosterbus_scilearn.published import CANCEL, STATUS


@pytest.fixture
def running_job(server, deliver, load_settings):
    """A delivery of three students whose update runs, as a later run is handed it."""

    def make(**changes):
        settings = load_settings(only_starter=True, **changes)
        delivery = deliver(settings, students=3)
        done = load(delivery, settings)
        server.asked.clear()
        return delivery.confirmed(done.evidence), settings

    return make


def test_a_status_never_cancels(server, jobs, running_job):
    """The second example of the article's section on the status points at cancel."""
    delivery, settings = running_job()
    for _ in range(3):
        told = job(delivery, settings, order="status")
        assert (told.state, told.outcome) == ("running", "running")
    probe(settings)
    reconcile(delivery, settings)
    assert set(server.asked) == {"status"}
    assert jobs.state == "running"
    assert STATUS != CANCEL


def test_a_cancel_leaves_who_was_updated_and_the_delivery_is_known_to_be_a_part(server, jobs, running_job):
    delivery, settings = running_job()
    jobs.work(1)
    told = job(delivery, settings, order="cancel")
    assert (told.state, told.outcome) == ("canceled", "partly")
    assert "stay updated" in told.sentence
    assert server.asked == ["status", "cancel", "status"]
    assert (len(jobs.students), jobs.settle()[0]["left"]) == (1, 2)
    assert delivery.answers["cancel.txt"].startswith(b"HTTP 200")


def test_what_is_over_is_not_canceled(server, jobs, running_job):
    delivery, settings = running_job()
    jobs.work()
    told = job(delivery, settings, order="cancel")
    assert (told.state, told.sentence.startswith("nothing was canceled: ")) == ("completed", True)
    assert server.asked == ["status"]


def test_a_delivery_whose_end_is_known_asks_nobody_and_cancels_no_later_update(server, jobs, running_job):
    delivery, settings = running_job()
    jobs.work()
    done = reconcile(delivery, settings)
    later = delivery.confirmed(done.evidence)
    jobs.start("theirs.csv", b"STUDENT_ID\r\n7\r\n")
    server.asked.clear()
    assert job(later, settings, order="cancel").state == "completed"
    assert job(later, settings, order="status").state == "completed"
    assert reconcile(later, settings).outcome == "unknown"
    assert server.asked == []
    assert jobs.state == "running"


def test_a_completed_update_is_never_called_processed(server, jobs, running_job):
    delivery, settings = running_job()
    jobs.work()
    done = reconcile(delivery, settings)
    assert isinstance(done, Done)
    assert (done.outcome, done.evidence["job"]) == ("unknown", "completed")
    assert "by e-mail to the login alone" in done.evidence["note"]


@pytest.mark.parametrize(
    ("text", "outcome"), [("Completed with errors.", "partly"), ("COMPLETED", "unknown")]
)
def test_a_status_that_tells_of_errors_makes_it_a_part(server, running_job, text, outcome):
    delivery, settings = running_job()
    server.faults.status_says = (200, text)
    assert reconcile(delivery, settings).outcome == outcome


def test_a_canceled_update_is_a_part_only_if_it_is_surely_ours(server, jobs, running_job, load_settings):
    delivery, settings = running_job()
    jobs.cancel()
    assert reconcile(delivery, settings).outcome == "partly"
    beside = load_settings(only_starter=False)
    assert reconcile(delivery, beside).outcome == "unknown"
    assert "whoever started it" in job(delivery, beside, order="status").sentence


def test_an_update_that_still_runs_after_the_cancel_is_told_so(server, jobs, running_job, monkeypatch):
    delivery, settings = running_job()
    monkeypatch.setattr(jobs, "cancel", lambda: False)
    told = job(delivery, settings, order="cancel")
    assert (told.state, told.outcome) == ("running", "running")
    assert told.sentence.startswith("mySciLEARN was asked to cancel: ")


@pytest.mark.parametrize(
    ("says", "error", "sentence"),
    [
        ((503, ""), RetriableError, "answered 503 to status"),
        ((302, ""), ConnectorError, "redirects are not followed"),
        ((404, ""), ConnectorError, "correct `server`"),
    ],
)
def test_a_status_that_cannot_be_had_is_told(server, running_job, says, error, sentence):
    delivery, settings = running_job()
    server.faults.status_says = says
    with pytest.raises(error, match=sentence):
        job(delivery, settings, order="status")


def test_a_status_in_other_words_is_unknown_and_kept(server, running_job):
    delivery, settings = running_job()
    server.faults.status_says = (200, "\N{LATIN SMALL LETTER E WITH ACUTE}t\xe9")
    told = job(delivery, settings, order="status")
    assert (told.state, told.outcome) == ("unknown", "unknown")
    assert delivery.answers["status-asked.txt"] == "HTTP 200\n\n\xe9t\xe9".encode()


def test_an_answer_is_read_no_further_than_a_sentence_needs(server, running_job):
    delivery, settings = running_job()
    server.faults.status_says = (200, "x" * 1_000_000 + "completed")
    assert job(delivery, settings, order="status").state == "unknown"
    assert len(delivery.answers["status-asked.txt"]) < 70_000


def test_a_probe_tells_what_is_proved(server, load_settings):
    [told] = probe(load_settings())
    assert (told.what, told.state) == ("credential", "proved")
    [told] = probe(load_settings(words={}))
    assert (told.state, "`words`" in told.sentence) == ("not provable without sending", True)
    [told] = probe(load_settings(login="nobody@example.org"))
    assert (told.state, "refused login or password" in told.sentence) == ("failed", True)
    assert set(server.asked) == {"status"}
