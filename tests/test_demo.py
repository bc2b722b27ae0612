"""The demo: the whole road on this machine, with receipts that close, and nothing left behind."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from rosterbus_demo.project import VENDORS

PARTS = ("delivered", "unchanged", "filtered", "rejected", "held")


@pytest.fixture(scope="module")
def told(rosterbus_process, tmp_path_factory):
    """The demo as a person runs it: in a folder of theirs, twice, its story told."""
    folder = tmp_path_factory.mktemp("person")
    first = rosterbus_process("demo", "--json", cwd=folder)
    second = rosterbus_process("demo", cwd=folder)
    return folder / "rosterbus-demo", first, second


def processes_of(folder):
    """The pids of processes whose command line names a folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(folder) in line.read_bytes():
                found.append(int(line.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def ports_in(text):
    return {int(port) for port in re.findall(r"(?:127\.0\.0\.1:|-P )(\d+)", text)}


def answers(port):
    with socket.socket() as client:
        client.settimeout(10)
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_every_vendor_has_a_receipt_whose_counts_close(demo):
    receipts = demo.said.json["receipts"]

    assert [receipt["destination"] for receipt in receipts] == list(VENDORS)
    for receipt in receipts:
        assert (receipt["state"], receipt["balanced"]) == ("confirmed", True)
        for counts in receipt["counts"].values():
            assert counts["read"] == sum(counts[part] for part in PARTS)
            assert counts["delivered"] == counts["new"] > 0
        for raw in receipt["raw"].values():
            assert raw["read"] == raw["used"] + sum(raw["unused"].values()) + raw["rejected"]
        assert receipt["raw"]["users"]["rejected"] > 0


def test_the_vendors_saw_what_the_receipts_say(demo):
    twins = demo.said.json["twins"]
    [imported] = twins["handshake"]
    delivered = {one["delivery"]: one["counts"] for one in demo.said.json["receipts"]}

    assert imported["status"] == "processed"
    assert imported["created"] == imported["rows"] == delivered["handshake"]["students"]["delivered"]
    assert imported["failed"] == imported["skipped"] == 0
    assert {name: len(found) for name, found in twins.items()} == dict.fromkeys(VENDORS, 1)
    [job], [exported], [uploaded] = twins["scilearn"], twins["enroll"], twins["great-minds"]
    assert job["updated"] == job["rows"] == delivered["scilearn"]["students"]["delivered"]
    assert exported["files"]["registrations.csv"]["rows"] == delivered["enroll"]["students"]["delivered"]
    people = sum(counts["delivered"] for counts in delivered["great-minds"].values())
    assert sum(file["rows"] for file in uploaded["files"].values()) == people


def test_what_a_person_uploads_counts_once_the_person_said_so(demo):
    receipts = {receipt["destination"]: receipt for receipt in demo.said.json["receipts"]}

    assert receipts["great-minds"]["outcome"] == "processed"
    assert receipts["great-minds"]["evidence"]["handed"]


def test_the_report_is_named_and_tells_rows_of_the_export(demo, sync_report):
    folder, rejecting = demo.said.json["report"], set()

    for receipt in demo.said.json["receipts"]:
        rejected = sum(counts["rejected"] for counts in receipt["counts"].values())
        rejecting |= {receipt["delivery"]} if rejected else set()
        rows = [
            row for name in receipt["counts"] for row in sync_report(folder, f"{receipt['delivery']}-{name}")
        ]
        assert len({row["Row Number"] for row in rows}) >= rejected
    # The grades that mySciLEARN gets have no flaw planted that it would mind.
    assert rejecting == set(VENDORS) - {"scilearn"}


def test_the_twins_that_are_kept_can_be_looked_into(demo):
    kept = demo.said.json["kept"]

    assert kept["pid"] in processes_of(demo.folder)
    assert set(kept["reach"]) == set(VENDORS)
    for lines in kept["reach"].values():
        ports = ports_in("\n".join(lines))
        assert ports
        assert all(answers(port) for port in ports)


def test_without_keep_nothing_is_left_running(told):
    folder, first, second = told

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert processes_of(folder) == []
    ports = ports_in(first.out)
    assert ports
    assert not any(answers(port) for port in ports)


def test_it_works_a_second_time_in_the_same_folder_and_says_what_to_type_next(told):
    folder, first, second = told

    assert Path(first.json["folder"]).name == folder.name
    assert second.out.count("confirmed") >= len(first.json["receipts"])
    for receipt in first.json["receipts"]:
        assert f"demo -> {receipt['delivery']}" in second.out
        for name, counts in receipt["counts"].items():
            assert re.search(
                rf"{name} +read {counts['read']:,} = delivered {counts['delivered']:,} ", second.out
            )
    assert "report: " in second.out
    assert second.out.splitlines()[-1].startswith("next: ")


def test_a_folder_of_somebody_else_is_refused_and_left_alone(rosterbus_process, tmp_path):
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    said = rosterbus_process("demo", "--folder", tmp_path)

    assert said.code == 2
    assert "not empty" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
