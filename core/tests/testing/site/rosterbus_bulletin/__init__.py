"""A report of a CSV table and a page that keeps every promise, unless `FAULTS` names one that it breaks."""

import csv
import html
import io
import itertools
from pathlib import Path

from rosterbus.hookspecs import hookimpl
from rosterbus.private import write_private_text

FAULTS: set[str] = set()
HOURS = itertools.count()
RISKY = ("=", "+", "-", "@", "\t", "\r")


@hookimpl
def report(run, folder):
    layouts = [layout for delivery in run.deliveries for layout in delivery.layouts]
    problems = [problem for layout in layouts for problem in layout.problems]
    if "wants a delivery" in FAULTS:
        layouts[0]
    if "wants a problem" in FAULTS:
        problems[0]
    if "knows good ends alone" in FAULTS and any(one["state"] != "confirmed" for one in run.receipts):
        raise ValueError("no such state")
    if "keeps short" in FAULTS:
        problems = problems[:100]
    if "stops early" in FAULTS:
        problems = problems[:9_000]
    rows = [["row", "id", "column", "error", "cell"]]
    rows += [[str(one.row), one.key, one.column, one.message, shown(one, run)] for one in problems]
    title = f"{run.pipeline} {next(HOURS)}" if "tells the hour" in FAULTS else run.pipeline
    return [
        written(folder / "bulletin.csv", table(rows)),
        written(folder / "bulletin.html", page(title, rows)),
    ]


def shown(problem, run):
    return problem.value or "" if run.values or "tells cells" in FAULTS else ""


def table(rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def page(title, rows):
    cells = ("".join(f"<td>{escaped(harmless(cell))}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<!doctype html><meta charset=utf-8><title>{escaped(title)}</title><table>{lines}</table>"


def harmless(cell):
    line = " ".join(cell.splitlines())
    risky = cell.startswith(RISKY) or line.lstrip().startswith(RISKY)
    return f"'{line}" if risky and "lets formulas be" not in FAULTS else line


def escaped(text):
    return text if "lets tags be" in FAULTS else html.escape(text)


def written(path, text):
    if "speaks latin" in FAULTS:
        text = text.encode("latin-1", "replace").decode("latin-1")
    write_private_text(path, text)
    if "open to all" in FAULTS:
        path.chmod(0o644)
    if "writes elsewhere" in FAULTS:
        Path(path.parent.parent / "aside.txt").write_text("more", encoding="utf-8")
    return path
