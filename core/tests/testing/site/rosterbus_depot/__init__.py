"""A destination that keeps every promise, unless `FAULTS` names one that it breaks.

The vendor is a folder with a password; it takes every box that has a marker.
"""

import shutil
from pathlib import Path

from rosterbus import settings
from rosterbus.deliveries import Address, Done, NotStarted, Partly, Probe, Twin, TwinAnswer, Unsure
from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.findings import Finding
from rosterbus.hookspecs import hookimpl
from rosterbus.layouts import Layout, text
from rosterbus.private import private_folder, write_private_text
from rosterbus.secrets import SecretReference

PAGE = "https://depot.example.org/"
FAULTS: set[str] = set()


class Settings(settings.Settings):
    folder = settings.text("The depot.", required=True)
    password = settings.secret("What opens it.")


class Students(Layout, file="students.csv", rows="students", key="Id", source=PAGE):
    student_id = text("Id", direct="student_id", required=True, longest=20)
    last_name = text("Last", direct="last_name", required=True)


class Anonymous(Layout, file="students.csv", rows="students", key="Id"):
    student_id = text("Id", direct="student_id", required=True, longest=20)
    last_name = text("Last", direct="last_name", required=True)


def layouts(settings):
    return (Anonymous,) if "limit without a source" in FAULTS else (Students,)


@hookimpl
def judge(plan, settings):
    if not plan.test or "test files are live" in FAULTS:
        return []
    return [Finding("refuse", "test file", "the depot knows no test file", PAGE)]


@hookimpl
def address(delivery, settings):
    number = 1
    while "address forgets" not in FAULTS and delivery.is_taken(f"{delivery.at:%Y%m%d-%H%M%S}-{number}/MARK"):
        number += 1
    box = f"{delivery.at:%Y%m%d-%H%M%S}-{number}"
    return Address(
        f"depot:{settings.folder}", tuple(f"{box}/{one.name}" for one in delivery.files), f"{box}/MARK"
    )


@hookimpl
def load(delivery, settings):
    root = opened(settings)
    marker = root / delivery.addressed.marker
    if "blind retry" not in FAULTS and delivery.was_sent:
        found = reconcile(delivery, settings)
        if isinstance(found, Done | Unsure):
            return found
    marker.parent.mkdir(exist_ok=True)
    if "marker first" in FAULTS:
        delivery.about_to_send()
        marker.touch()
    for file, name in zip(delivery.files, delivery.addressed.files, strict=True):
        delivery.progress(file.name, 0, file.bytes)
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(file.path, root / name)
    if not {"marker first", "never declared"} & FAULTS:
        delivery.about_to_send()
    marker.touch()
    told = delivery.files[0].path.read_text(encoding="utf-8") if "tells a cell" in FAULTS else "all"
    return Done({"told": told})


@hookimpl
def reconcile(delivery, settings):
    root = opened(settings)
    marker = root / delivery.addressed.marker
    if "blind retry" in FAULTS:
        return NotStarted()
    if marker.exists() or (root / "taken" / marker.parent.name).exists():
        return Done({"told": "all"}) if delivery.was_sent else Unsure("somebody else wrote the marker")
    if marker.parent.exists():
        return Partly("there is no marker")
    return NotStarted()


@hookimpl
def probe(settings):
    root = opened(settings)
    if "probe sends" in FAULTS:
        (root / "probe").mkdir(exist_ok=True)
        (root / "probe" / "MARK").touch()
    return [Probe("folder", "proved", "the depot opens")]


@hookimpl
def twin(folder, settings):
    root = private_folder(folder / "depot")
    taken = private_folder(root / "taken")
    password = write_private_text(root / "password", "open-sesame")
    analyses = []

    def settle():
        for mark in sorted(root.glob("*/MARK")):
            box = mark.parent
            rows = [len(file.read_text(encoding="utf-8").splitlines()) - 1 for file in box.glob("*.csv")]
            analyses.append({"box": box.name, "rows": sum(rows), "refused": 0})
            box.rename(taken / f"{len(analyses)}" if (taken / box.name).exists() else taken / box.name)
        return list(analyses)

    return Twin(
        name="depot",
        settings={"folder": str(root), "password": SecretReference("file", str(password), own=True)},
        reach=[str(root)],
        stop=lambda: shutil.rmtree(root, ignore_errors=True),
        settle=settle,
        answers=[TwinAnswer("a box with a marker is taken", "published", PAGE)],
        folder=folder,
    )


def opened(settings):
    """The vendor's folder; raises what its absence and a wrong password mean."""
    root = Path(settings.folder)
    if not root.is_dir():
        raise RetriableError("the depot is away")
    given, right = settings.password.reveal(), (root / "password").read_text(encoding="utf-8")
    if given != right and "any password" not in FAULTS:
        raise ConnectorError("the depot does not know the password")
    return root
