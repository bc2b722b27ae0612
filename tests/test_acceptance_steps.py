"""The steps apart, in the folder that the demo leaves: each says what matters and ends with the right code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LOOPBACK = ("127.0.0.1", "::1", "localhost")
WATCH = """
import json, sys
def told(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = given[1] if event != "socket.getaddrinfo" else given
        host = str(address[0]) if isinstance(address, tuple) else "a local socket"
        with open({log!r}, "a", encoding="utf-8") as log:
            log.write(json.dumps([event, host]) + "\\n")
        if isinstance(address, tuple) and host not in {loopback!r}:
            raise OSError(f"this test allows loopback only, and not {{host}}")
sys.addaudithook(told)
"""


def one(rows, name):
    return next(row for row in rows if row["delivery"] == name)


def layout(plan, name="students"):
    return next(found for found in plan["layouts"] if found["name"] == name)


def balanced(counts):
    return counts["read"] == sum(
        counts[part] for part in ("delivered", "unchanged", "filtered", "rejected", "held")
    )


def test_check_proves_what_it_can_without_sending(demo):
    said = demo.json("check", "demo")

    assert said.code == 0
    facts = said.json["facts"]
    assert "fail" not in {fact["grade"] for fact in facts}
    told = "\n".join(fact["sentence"] for fact in facts)
    assert "credential not provable without sending" in told
    assert "proved" in told


def test_preview_shows_a_person_from_source_to_vendor(demo, a_student):
    said = demo.json("preview", "demo", "--deliver", "handshake", "--id", a_student["identifier"])

    assert said.code == 0
    [shown] = said.json["previews"]
    assert (shown["delivery"], shown["file"], shown["verdict"]) == ("handshake", "users.csv", "valid")
    cells = {column["column"]: column["value"] for column in shown["columns"]}
    assert cells["email_address"] == a_student["email"]
    assert cells["first_name"] == a_student["givenName"]
    assert {column["mapping"] for column in shown["columns"]} >= {"direct", "match codes", "do not map"}


def test_preview_says_when_nobody_has_an_id(demo):
    said = demo("preview", "demo", "--id", "no-such-person")

    assert said.code == 2
    assert "nobody in the roster has this id" in said.err


def test_a_second_run_at_once_sends_nothing_and_says_why(demo, deliveries):
    said = demo("run", "demo")

    assert said.code == 0
    assert said.out.count("nothing new") == len(deliveries)
    assert "the vendor has it all" in said.out
    assert len(demo.json("history", "--most", 100).json["uploads"]) == demo.uploads


def test_plan_says_that_the_vendor_has_it_all(demo):
    said = demo.json("plan", "demo")

    assert said.code == 0
    assert {plan["verdict"] for plan in said.json["plans"]} == {"nothing new"}


def test_status_names_every_delivery_and_when_it_was_confirmed(demo, deliveries):
    rows = demo.json("status").json["deliveries"]

    assert {row["delivery"] for row in rows} == deliveries
    assert all(row["last_confirmed"] for row in rows)


def test_history_names_file_status_date_and_report(demo, deliveries):
    uploads = demo.json("history").json["uploads"]

    assert {upload["delivery"] for upload in uploads} == deliveries
    for upload in uploads:
        assert upload["state"] == "confirmed"
        assert upload["status"] in ("uploaded", "processing", "processed")
        assert upload["completed"]
        assert Path(upload["report"]).is_dir()


def test_report_writes_the_reports_of_a_run_again(demo, deliveries, sync_report):
    said = demo.json("report", "demo")

    assert said.code == 0
    names = {Path(file).name for file in said.json["files"]}
    assert {f"{name}-students.csv" for name in deliveries} <= names
    assert sync_report(said.json["report"], "handshake-students")


def test_plan_diff_and_apply_deliver_what_changed_in_an_export(to_handshake, handshake):
    """The first delivery by its steps; what changes then is not due yet."""
    planned = to_handshake.json("plan", "p")
    assert (planned.code, planned.plan["verdict"]) == (0, "go")
    changes = to_handshake.json("diff", planned.plan["id"]).json["changes"]
    counts = layout(planned.plan)["counts"]
    assert {change["kind"] for change in changes} == {"new"}
    assert len(changes) == counts["new"] == counts["staged"]
    applied = to_handshake.json("apply", planned.plan["id"])
    assert (applied.code, applied.receipt["state"]) == (0, "confirmed")
    assert balanced(applied.receipt["counts"]["students"])
    assert "uploaded" in to_handshake("history").out
    [file] = applied.receipt["files"]
    content = handshake.extras["server"].read(handshake.settings["bucket"], file["remote"])
    assert len(content) == file["bytes"]
    assert content.count(b"\n") == file["rows"] + 1

    to_handshake.export(without=[1, 3])
    said = to_handshake("run", "p")
    assert said.code == 0
    assert "not due" in said.out
    assert "the next is due" in said.out
    assert "Handshake, Student Sync" in said.out
    receipt = to_handshake.json("run", "p").receipt
    assert (receipt["state"], bool(receipt["due"])) == ("not due", True)
    assert to_handshake.json("status").json["deliveries"][0]["due"] == receipt["due"]


def test_cells_are_shown_only_on_request(to_samegoal):
    assert to_samegoal("run", "p").code == 0
    to_samegoal.pipeline(more='[deliver.samegoal.map.students.columns]\nCity = { transform = "upper(city)" }')
    to_samegoal("plan", "p")

    assert "SPRINGFIELD" not in to_samegoal("diff").out
    assert "'Springfield' -> 'SPRINGFIELD'" in to_samegoal("diff", "--values").out


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """Where the addresses go that a new process connects to; none but loopback are let through."""
    log = tmp_path / "connections.jsonl"
    site = tmp_path / "watch"
    site.mkdir()
    code = WATCH.format(log=str(log), loopback=LOOPBACK)
    (site / "sitecustomize.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(site))
    return log


def test_a_rehearsal_reads_no_credential_and_reaches_loopback_only(
    demo, deliveries, rosterbus, rosterbus_process, watched, tmp_path
):
    """A copy of the demo's project, whose keys are gone and whose vendors are elsewhere."""
    for name in ("export", "pipelines", "rosterbus.toml"):
        copy = shutil.copytree if (demo.folder / name).is_dir() else shutil.copy
        copy(demo.folder / name, tmp_path / name)
    file = tmp_path / "pipelines" / "demo.toml"
    text = file.read_text(encoding="utf-8").replace(str(demo.folder), str(tmp_path / "no-such-folder"))
    away = re.sub(r"http://127\.0\.0\.1:\d+", "https://s3.example.org", text)
    file.write_text(away.replace("127.0.0.1", "sftp.example.org"), encoding="utf-8")
    assert "127.0.0.1" not in file.read_text(encoding="utf-8")
    said = rosterbus_process("rehearse", "demo", "--json", "--folder", tmp_path)

    assert said.code == 3, said.err
    receipts = {receipt["delivery"]: receipt for receipt in said.json["receipts"]}
    assert set(receipts) == deliveries
    assert all(receipt["balanced"] for receipt in receipts.values())
    # What a person uploads waits for that person in a rehearsal too.
    waiting = [name for name, receipt in receipts.items() if receipt["state"] != "confirmed"]
    assert (waiting, bool(receipts["great-minds"]["steps"])) == (["great-minds"], True)
    assert all(said.json["twins"][name] for name in deliveries)
    assert rosterbus("history", "--json", "--folder", tmp_path).json["uploads"] == []
    reached = [json.loads(line) for line in watched.read_text(encoding="utf-8").splitlines()]
    assert ["socket.connect", "127.0.0.1"] in reached
    assert {host for _, host in reached} <= {*LOOPBACK, "a local socket"}


@pytest.mark.usefixtures("watched")
def test_the_watch_over_connections_holds():
    """Without this, a rehearsal that reaches out would pass by a watch that does not watch."""
    code = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=5)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
    assert b"this test allows loopback only" in done.stderr
