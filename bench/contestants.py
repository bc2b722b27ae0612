"""The contestants: each function does one task its own way, from start to end, and answers with counts."""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

Answer = dict[str, int]
COLUMNS = (
    "Student Id", "Last Name", "Middle Name", "First Name", "Date of Birth", "Gender", "District Enrollment", "Grade",
    "Address", "City", "State", "Zip", "Race", "District of Residence", "County of Residence", "District of Service",
    "Student Reporting Id", "Building", "Building Reporting Id", "SIS Internal ID",
)  # fmt: skip
SEXES = {"male": "M", "female": "F"}


def read_rosterbus(folder: Path, _: int) -> Answer:
    """The engine's parallel reader where it can be believed, the strict one elsewhere."""
    from rosterbus.engine import open_engine
    from rosterbus.extracts import Delimited
    from rosterbus.reading import load_table

    with open_engine(folder) as connection:
        loaded = load_table(connection, "users", Delimited(folder / "users.csv", "users.csv"))
    return {"rows": loaded.raw.rows, "rejected": loaded.rejected}


def read_csv(folder: Path, _: int) -> Answer:
    """The standard library."""
    with (folder / "users.csv").open(encoding="utf-8", newline="") as file:
        records = csv.reader(file, strict=True)
        width = len(next(records))
        rows = [record for record in records if record]
    kept = [record for record in rows if len(record) == width]
    return {"rows": len(kept), "rejected": len(rows) - len(kept)}


def read_petl(folder: Path, _: int) -> Answer:
    """Rows as tuples, one after the other."""
    import petl

    rows = iter(petl.fromcsv(str(folder / "users.csv"), encoding="utf-8"))
    width = len(next(rows))
    found = [len(row) == width for row in rows]
    return {"rows": sum(found), "rejected": len(found) - sum(found)}


def read_pandas(folder: Path, _: int) -> Answer:
    """A frame of texts; records that are too long are skipped, and counted by their messages."""
    import pandas

    skipped: list[list[str]] = []
    frame = pandas.read_csv(
        folder / "users.csv",
        dtype=str,
        keep_default_na=False,
        engine="python",
        on_bad_lines=lambda record: skipped.append(record),
    )
    return {"rows": len(frame), "rejected": len(skipped)}


def read_polars(folder: Path, _: int) -> Answer:
    """A frame of texts; cells that are too many are cut off without a word."""
    import polars

    frame = polars.read_csv(folder / "users.csv", infer_schema=False, truncate_ragged_lines=True)
    return {"rows": frame.height, "rejected": 0}


def read_duckdb(folder: Path, _: int) -> Answer:
    """The engine by itself, with its own table of rejects."""
    import duckdb

    with duckdb.connect() as connection:
        file = str(folder / "users.csv")
        connection.execute(
            "CREATE TABLE t AS FROM read_csv(?, all_varchar = true, store_rejects = true)", [file]
        )
        rows = connection.execute("SELECT count(*) FROM t").fetchone()
        rejected = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    return {"rows": rows[0] if rows else 0, "rejected": rejected[0] if rejected else 0}


def nightly_rosterbus(folder: Path, number: int) -> Answer:
    """A first plan for SameGoal, staged: everything but the sending."""
    from rosterbus.delivery.baselines import set_empty
    from rosterbus.pipelines import opened
    from rosterbus.plan.planning import Order
    from rosterbus.project import load_pipeline, load_project
    from rosterbus.runs import plan_all

    root = folder / f"project-{number}"
    (root / "pipelines").mkdir(parents=True)
    (root / "rosterbus.toml").write_text("", encoding="utf-8")
    package = json.dumps(str(next(folder.glob("*.zip"))))
    (root / "pipelines" / "bench.toml").write_text(
        f'timezone = "UTC"\n[source]\nconnector = "oneroster"\nlocation = {package}\n'
        '[deliver.samegoal]\nhost = "127.0.0.1"\nusername = "bench"\npassword = { env = "BENCH" }\n'
        'host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"\n'
        "guardians = false\n[deliver.samegoal.map.students]\nwhere = \"status = 'active' AND gender <> ''\"\n",
        encoding="utf-8",
    )
    project = load_project(root)
    pipeline = load_pipeline(project, "bench")
    with opened(project, pipeline, command="bench") as context:
        set_empty(context, pipeline.deliveries[0])
        plans = plan_all(context, pipeline.deliveries, Order())
        if isinstance(plans, str):
            raise SystemExit(plans)
        return {"rows": plans[0].files[0].rows}


def nightly_script(folder: Path, number: int) -> Answer:
    """Dictionaries and a loop, as such scripts are written."""
    with _output(folder, number) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        count = 0
        for row in _rows(folder):
            writer.writerow(row)
            count += 1
    return {"rows": count}


def nightly_checked(folder: Path, number: int) -> Answer:
    """The same, and the vendor's rules as a marshmallow schema on every row."""
    from marshmallow import Schema, fields, validate

    text = fields.String(load_default="")
    needed = fields.String(required=True, validate=validate.Length(min=1))
    own: Mapping[str, Any] = {
        "Student Id": fields.String(
            required=True, validate=[validate.Length(1, 20), validate.Regexp(re.compile(r"[A-Za-z0-9]+\Z"))]
        ),
        "Date of Birth": fields.Date("%m/%d/%Y", required=True),
        "Gender": fields.String(required=True, validate=validate.OneOf(["M", "F"])),
        **dict.fromkeys(("Last Name", "First Name", "Building"), needed),
    }
    schema = Schema.from_dict({name: own.get(name, text) for name in COLUMNS})()
    with _output(folder, number) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        count = 0
        for row in _rows(folder):
            if not schema.validate(row):
                writer.writerow(row)
                count += 1
    return {"rows": count}


def nightly_pandas(folder: Path, number: int) -> Answer:
    """Frames and two merges."""
    import pandas

    def frame(name: str) -> Any:
        with zipfile.ZipFile(next(folder.glob("*.zip"))) as package, package.open(name) as file:
            return pandas.read_csv(file, dtype=str, keep_default_na=False)

    users = frame("users.csv")
    users = users[(users["role"] == "student") & (users["status"].isin(["", "active"]))]
    users["school"] = users["orgSourcedIds"].str.split(",").str[0]
    joined = users.merge(frame("demographics.csv"), on="sourcedId", how="left").merge(
        frame("orgs.csv")[["sourcedId", "name", "identifier"]],
        left_on="school", right_on="sourcedId", how="left", suffixes=("", "_school"),
    )  # fmt: skip
    joined = joined[joined["sex"].isin(SEXES)]
    born = pandas.to_datetime(joined["birthDate"]).dt.strftime("%m/%d/%Y")
    told = pandas.DataFrame(
        {
            **dict.fromkeys(COLUMNS, ""),
            "Student Id": joined["sourcedId"],
            "Last Name": joined["familyName"],
            "First Name": joined["givenName"],
            "Middle Name": joined["middleName"],
            "Date of Birth": born,
            "Gender": joined["sex"].map(SEXES),
            "District Enrollment": "ENROLLED",
            "Grade": joined["grades"],
            "Building": joined["name"],
            "Building Reporting Id": joined["identifier_school"],
            "SIS Internal ID": joined["sourcedId"],
        }
    )
    with _output(folder, number) as file:
        told.to_csv(file, index=False, lineterminator="\r\n")
    return {"rows": len(told)}


def _output(folder: Path, number: int) -> Any:
    return (folder / f"students-{number}.csv").open("w", encoding="utf-8", newline="")


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    born = {row["sourcedId"]: row for row in _member(folder, "demographics.csv")}
    schools = {row["sourcedId"]: row for row in _member(folder, "orgs.csv")}
    for user in _member(folder, "users.csv"):
        told, school = born.get(user["sourcedId"], {}), schools.get(user["orgSourcedIds"].split(",")[0], {})
        active = user["status"] in ("", "active")
        if user["role"] != "student" or not active or told.get("sex") not in SEXES:
            continue
        yield {
            **dict.fromkeys(COLUMNS, ""),
            "Student Id": user["sourcedId"],
            "Last Name": user["familyName"],
            "First Name": user["givenName"],
            "Middle Name": user["middleName"],
            "Date of Birth": datetime.strptime(told["birthDate"], "%Y-%m-%d").strftime("%m/%d/%Y"),
            "Gender": SEXES[told["sex"]],
            "District Enrollment": "ENROLLED",
            "Grade": user["grades"],
            "Building": school.get("name", ""),
            "Building Reporting Id": school.get("identifier", ""),
            "SIS Internal ID": user["sourcedId"],
        }


def _member(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(next(folder.glob("*.zip"))) as package, package.open(name) as file:
        yield from csv.DictReader(TextIOWrapper(file, "utf-8-sig", newline=""))


def main(task: str, name: str, folder: str, number: str) -> None:
    """Run one contestant and print what it took, imports and all."""
    contestant: Callable[[Path, int], Answer] = globals()[f"{task}_{name}"]
    started = time.perf_counter()
    answer = contestant(Path(folder), int(number))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "megabytes": peak, "answer": answer}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
