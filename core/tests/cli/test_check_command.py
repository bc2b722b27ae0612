"""`rosterbus check` finds out what can be known before a plan, and changes nothing anywhere."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="modes mean nothing there")


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def facts(ran, grade: str) -> list[str]:
    return [f"{one['about']}: {one['sentence']}" for one in ran.json["facts"] if one["grade"] == grade]


def test_a_project_that_would_work_is_ok_and_nothing_is_made(rosterbus, village):
    village.pipeline()
    before = snapshot(village.root)

    ran = rosterbus("check", "--json")

    assert (ran.code, facts(ran, "fail"), facts(ran, "warn")) == (0, [], [])
    assert "v -> drop: folder proved: the folder can be reached" in facts(ran, "ok")
    assert snapshot(village.root) == before
    assert not (village.root / ".rosterbus").exists()


def test_after_a_run_the_ledger_is_verified_and_not_touched(rosterbus, village):
    village.pipeline(deliver="contacts = false")
    village.run()
    before = snapshot(village.root)

    ran = rosterbus("check")

    assert ran.code == 0
    assert (
        "ok    machine: the ledger's record is whole: no line was altered or deleted" in ran.out.splitlines()
    )
    assert snapshot(village.root) == before


def test_an_altered_ledger_fails(rosterbus, village):
    village.pipeline(deliver="contacts = false")
    village.run()
    with sqlite3.connect(village.root / ".rosterbus" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE events SET details = '{}' WHERE seq = 1")
    ledger.close()

    ran = rosterbus("check", "--json")

    assert ran.code == 1
    assert (
        "machine: the ledger was altered: line 1 of the record was altered; compare it with a copy"
        in facts(ran, "fail")
    )


def test_a_ledger_that_somebody_writes_to_is_read_with_what_was_written_last(rosterbus, village):
    village.pipeline(deliver="contacts = false")
    village.run()
    other = sqlite3.connect(village.root / ".rosterbus" / "ledger.sqlite")
    try:
        other.execute("UPDATE events SET details = '{}' WHERE seq = 2")
        other.commit()

        assert rosterbus("check").code == 1
    finally:
        other.close()


@posix
def test_a_state_folder_that_others_can_read_fails(rosterbus, village):
    village.pipeline()
    (village.root / ".rosterbus").mkdir(mode=0o755)
    (village.root / ".rosterbus").chmod(0o755)

    ran = rosterbus("check")

    assert ran.code == 2
    assert "the state folder can be read by others; run: chmod 700; found mode 0755" in ran.out


def test_a_wrong_setting_is_named_with_file_and_line_and_hides_nothing_else(rosterbus, village):
    village.pipeline(deliver='hours = "many"')

    ran = rosterbus("check", "--json")

    assert ran.code == 2
    [failed] = facts(ran, "fail")
    assert failed.startswith("v -> drop: ")
    assert "v.toml, line 9: `deliver.drop.hours`" in failed
    assert "v: the settings of village are right" in facts(ran, "ok")


def test_a_pipeline_that_cannot_be_read_does_not_hide_the_others(rosterbus, village):
    village.pipeline()
    (village.root / "pipelines" / "broken.toml").write_text("[source\n", encoding="utf-8")

    ran = rosterbus("check", "--json")

    assert ran.code == 2
    assert [one for one in facts(ran, "fail") if "this is not TOML" in one]
    assert "v -> drop: folder proved: the folder can be reached" in facts(ran, "ok")


def test_a_failed_probe_ends_with_1(rosterbus, village):
    village.pipeline()
    village.vendor.rmdir()

    ran = rosterbus("check", "v")

    assert ran.code == 1
    assert "FAIL  v -> drop: folder failed: there is no folder" in ran.out.splitlines()


def test_an_export_that_is_not_there_ends_with_1(rosterbus, village):
    village.pipeline()
    for file in village.export.iterdir():
        file.unlink()
    village.export.rmdir()

    ran = rosterbus("check", "v", "--json")

    assert ran.code == 1
    [failed] = facts(ran, "fail")
    assert failed.endswith("export is not there")


def test_a_secret_that_is_missing_is_named_and_one_that_is_there_is_not_shown(
    rosterbus, village, monkeypatch
):
    village.pipeline(deliver='password = { env = "DROP_PASSWORD" }')

    missing = rosterbus("check", "v")
    monkeypatch.setenv("DROP_PASSWORD", "hush-4711")
    there = rosterbus("check", "v")

    assert missing.code == 2
    assert (
        "FAIL  v -> drop: `env DROP_PASSWORD`: the secret is not there, or empty" in missing.out.splitlines()
    )
    assert there.code == 0
    assert "ok    v -> drop: the secret `password` is there (env DROP_PASSWORD)" in there.out.splitlines()
    assert "hush" not in there.out + there.err


def test_a_mapping_that_does_not_compile_is_named_with_its_line(rosterbus, village):
    village.pipeline(deliver='[deliver.drop.map.students.columns]\nGrade = { transform = "system(grade)" }')

    ran = rosterbus("check", "v", "--json")

    assert ran.code == 2
    [failed] = facts(ran, "fail")
    assert "v.toml, line 10: `deliver.drop.map.students.columns.Grade.transform`" in failed


def test_a_column_that_only_the_source_can_know_is_a_warning(rosterbus, village):
    village.pipeline(deliver='[deliver.drop.map.students.columns]\nCard = { transform = "upper(first_nam)" }')

    ran = rosterbus("check", "v", "--json")

    assert ran.code == 0
    assert facts(ran, "warn") == [
        "v -> drop: `first_nam` is no column of the vocabulary's `students`; did you mean first_name, last_name?"
    ]


def test_columns_that_resemble_none_are_one_warning(rosterbus, village):
    columns = (
        '[deliver.drop.map.students.columns]\nCard = "metadata.card"\nBus = { transform = "upper(omnibus)" }'
    )
    village.pipeline(deliver=columns)

    ran = rosterbus("check", "v", "--json")

    assert facts(ran, "warn") == [
        "v -> drop: a plan shows whether the source gives `students` these columns: metadata.card, omnibus"
    ]


def test_a_correction_of_an_unknown_table_or_column_is_seen(rosterbus, village):
    village.pipeline(extra='[source.map.students.columns]\ngrdae = { value = "05" }')
    warned = rosterbus("check", "v", "--json")
    village.pipeline(extra='[source.map.pupils.columns]\ngrade = { value = "05" }')
    failed = rosterbus("check", "v", "--json")

    assert "v: `grdae` is no column of the vocabulary's `students`" in facts(warned, "warn")[0]
    assert failed.code == 2
    assert "the roster has no such table; found pupils" in facts(failed, "fail")[0]


def test_a_map_of_a_layout_that_the_vendor_does_not_have_fails(rosterbus, village):
    village.pipeline(deliver="[deliver.drop.map.pupils]\nwhere = \"grade = '05'\"")

    assert "there is no such layout; found pupils; allowed: students, contacts" in rosterbus("check", "v").out


def test_a_code_list_that_is_damaged_fails_with_its_line(rosterbus, village):
    (village.root / "codes").mkdir()
    (village.root / "codes" / "grade.csv").write_text("from,to\n05,5\n05,V\n", encoding="utf-8")
    village.pipeline(
        extra='[source.map.students.columns]\ngrade = { match = "grade", codes = "codes/grade.csv" }'
    )

    ran = rosterbus("check", "v")

    assert ran.code == 2
    assert "grade.csv, line 3: a code stands twice" in ran.out


def test_an_opt_out_for_a_vendor_that_nobody_knows_fails_and_no_id_is_shown(rosterbus, village):
    village.pipeline()
    (village.root / "rosterbus.toml").write_text('[privacy]\nexclude = "optouts.csv"\n', encoding="utf-8")
    optouts = village.root / "optouts.csv"
    optouts.write_text("id,vendor,reason\nS-77,dorp,parent\n", encoding="utf-8")
    misspelt = rosterbus("check")
    optouts.write_text("id,vendor,reason\nS-77,drop,parent\nS-78,,parent\n", encoding="utf-8")
    right = rosterbus("check")

    assert misspelt.code == 2
    assert re.search(r"found 'dorp'; allowed: ([\w-]+, )*drop\b", misspelt.out)
    assert right.code == 0
    assert "ok    project: 2 opt-outs are read, every vendor in them is known" in right.out.splitlines()
    assert "S-7" not in misspelt.out + right.out


def test_a_notifier_with_wrong_settings_fails(rosterbus, village):
    village.pipeline()
    (village.root / "rosterbus.toml").write_text(
        '[[notify]]\nby = "mail"\nhost = "m.example.org"\n', encoding="utf-8"
    )

    ran = rosterbus("check", "--json")

    assert ran.code == 2
    assert "`notify[0].sender`: this setting is required" in facts(ran, "fail")[0]


def test_a_connector_that_is_not_installed_fails_with_what_to_install(rosterbus, village):
    village.pipeline(deliver='[deliver.elsewhere]\nhost = "x"')

    ran = rosterbus("check", "v")

    assert ran.code == 1
    assert "`pip install rosterbus-elsewhere`?" in ran.out


def test_an_empty_project_says_what_to_do(rosterbus, tmp_path):
    ran = rosterbus("check")

    assert ran.code == 0
    assert "warn  project: there is no pipeline here; rosterbus init writes one" in ran.out.splitlines()
    assert list(tmp_path.iterdir()) == []
