"""Writes the generated parts of these pages from the code: run ``python docs/generate.py`` after a change.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; the pages of the connectors are
generated whole.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rosterbus.cli import COMMANDS
from rosterbus.describing import describe_plugin, find_plugins, setting_rows
from rosterbus.hookspecs import Hooks
from rosterbus.mapping import EXAMPLE_ROW, EXAMPLE_TODAY, FUNCTIONS
from rosterbus.notices import NOTIFIERS
from rosterbus.project.expectations import ExpectSettings, GuardSettings
from rosterbus.project.folder import NotifierSettings, PrivacySettings, ProjectSettings, RetentionSettings
from rosterbus.project.pipelines import PipelineSettings
from rosterbus.roster import vocabulary

DOCS = Path(__file__).parent
CONNECTORS = sorted(path.parent.name for path in DOCS.parent.glob("connectors/*/pyproject.toml"))
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Every page that has generated parts, as it should be."""
    written = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
    found = {path: PART.sub(_fresh, text) for path, text in written.items() if PART.search(text)}
    return found | {DOCS / "connectors" / f"{name}.md": connector_page(name) for name in CONNECTORS}


def connector_page(name: str) -> str:
    """The page of one connector, from what `rosterbus describe` knows of it."""
    told = [describe_plugin(one) for one in find_plugins(name)]
    return "\n".join([line for one in told for line in _connector(one)]).rstrip() + "\n"


def _fresh(part: re.Match[str]) -> str:
    return f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}"


def _connector(one: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        f"# {one['title']}",
        "",
        f"The {one['kind']} `{one['name']}`: `pip install {one['distribution']}`.",
        "",
    )
    facts = {
        "talks to": one["system"],
        "guarantee": one["guarantee"],
        "who is missing": one["absence"],
        "connects to": ", ".join(f"`{host}`" for host in one["hosts"]),
        "vendor's pages": ", ".join(f"<{page}>" for page in one["pages"]),
        "commands": ", ".join(f"`rosterbus {name}`: {line}" for name, line in one["commands"].items()),
        "maturity": one["maturity"],
    }
    yield table(("", ""), ((name, fact) for name, fact in facts.items() if fact))
    if one["settings"]:
        where = {"source": "[source]", "destination": f"[deliver.{one['name']}]"}.get(
            one["kind"], "its table"
        )
        yield from ("", "## Settings", "", f"Written below `{where}`.", "", _settings(one["settings"]))
    for layout in one["layouts"]:
        yield from _layout(layout)
    yield from _rules(one)
    if one["unknown"]:
        yield from ("", "## Not published, and therefore a setting", "")
        yield from (f"- {line}" for line in one["unknown"])
    if one["twin"]:
        yield from (
            "",
            "## Twin",
            "",
            f"`rosterbus twin {one['name']}` starts the vendor's stand-in on this machine.",
        )
    if one["answers"]:
        rows = ((answer["behaviour"], answer["known"], answer["source"]) for answer in one["answers"])
        yield from ("", table(("what it does", "known", "source"), rows))
    yield ""


def _layout(layout: Mapping[str, Any]) -> Iterator[str]:
    limits = ", ".join(f"at most {most:,} {what}" for what, most in layout["limits"].items() if most)
    dialect = layout["dialect"]
    newline = "CRLF" if dialect["newline"] == "\r\n" else "LF"
    facts = {
        "one row for": f"each row of `{layout['rows']}`"
        + (f" where `{layout['where']}`" if layout["where"] else ""),
        "key": codes(layout["key"]),
        "unique": "; ".join(codes(names) for names in layout["unique"]),
        "identifiers": codes(layout["identifiers"]),
        "refers to": ", ".join(f"`{column}` in `{other}`" for column, other in layout["references"].items()),
        "sends": layout["sends"],
        "absence": layout["absence"],
        "limits": limits,
        "written as": f"{dialect['encoding']}, {newline}, `{dialect['delimiter']}` between cells",
        "columns": "a pipeline may add and rename columns" if layout["open"] else "",
        "stated in": layout["source"],
    }
    yield from ("", f"## Layout `{layout['name']}`: `{layout['file']}`", "")
    yield table(("", ""), ((name, fact) for name, fact in facts.items() if fact))
    yield from ("", "A pipeline may call a column by its header or by the name in brackets.", "")
    columns = (_column(column, layout["source"]) for column in layout["columns"])
    yield table(("column", "kind", "comes from", "limits", "stated in"), columns)
    if layout["rules"]:
        rows = ((rule["sentence"], rule["severity"], rule["source"]) for rule in layout["rules"])
        yield from (
            "",
            "Rules across columns:",
            "",
            table(("rule", "a row that breaks it", "stated in"), rows),
        )


def _column(column: Mapping[str, str], stated: str) -> tuple[str, ...]:
    other = f" ({column['attribute']})" if column["attribute"] != column["column"] else ""
    kind = f"{column['kind']}, required" if column["required"] == "yes" else column["kind"]
    # A pattern such as [-/](?:a|b) would be a link in Markdown.
    limits = "; ".join(part for part in (column["limits"], column["note"]) if part).replace("](", "]\\(")
    rule = "" if column["rule"] == stated else column["rule"]
    return f"`{column['column']}`{other}", kind, column["source"], limits, rule


def _rules(one: Mapping[str, Any]) -> Iterator[str]:
    if one["rules"]:
        rows = ((rule["name"], rule["sentence"], rule["severity"], rule["source"]) for rule in one["rules"])
        yield from (
            "",
            "## Rules of a whole plan",
            "",
            table(("rule", "says", "a plan that breaks it", "stated in"), rows),
        )


def _settings(rows: Iterable[Mapping[str, Any]]) -> str:
    return table(("setting", "type", "default", "meaning"), map(_setting, rows))


def _setting(row: Mapping[str, Any]) -> tuple[str, ...]:
    default = "required" if row["required"] else f"`{json.dumps(row['default'], ensure_ascii=False)}`"
    parts = [row["about"], row["limits"]]
    parts += [f"one of {codes(row['choices'])}" if row["choices"] else ""]
    parts += [f"with {codes(row['keys'])}" if row["keys"] else ""]
    meaning = "; ".join(part.removesuffix(".") for part in parts if part)
    return f"`{row['name']}`", row["type"], "" if default == "`null`" else default, meaning


def _commands() -> str:
    return "\n\n".join(_command(name) for name in COMMANDS)


def _command(name: str) -> str:
    command: click.Command = importlib.import_module(f"rosterbus.cli.{name}").command
    context = click.Context(command, info_name=f"rosterbus {name}")
    usage = command.get_usage(context).removeprefix("Usage: ").replace("\n", " ")
    rows = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    options = table(
        ("option", ""), ((f"`{option}`", about) for option, about in rows if about and "--help" not in option)
    )
    return f"## {name}\n\n`{' '.join(usage.split())}`\n\n{inspect.cleandoc(command.help or '')}\n\n{options}"


def _hooks() -> str:
    rows = []
    for name, hook in vars(Hooks).items():
        if not name.startswith("_"):
            signature = inspect.signature(hook)
            arguments = ", ".join(one for one in signature.parameters if one != "self")
            sentence = " ".join(inspect.cleandoc(hook.__doc__ or "").split("\n\n")[0].split())
            rows.append((f"`{name}({arguments})`", f"`{signature.return_annotation}`", sentence))
    return table(("hook", "answers with", "is asked to"), rows)


def _functions() -> str:
    rows = (
        (
            f"`{doc.signature}`",
            doc.meaning,
            f"`{doc.example}`",
            f"`{doc.result}`" if doc.result else "(blank)",
            doc.enroll,
        )
        for doc in FUNCTIONS.values()
    )
    return table(("function", "gives", "example", "result", "in SchoolMint Enroll"), rows)


def _example_row() -> str:
    rows = ((f"`{name}`", f"`{value}`" if value else "(blank)") for name, value in EXAMPLE_ROW.items())
    return f"The examples are of this row, on {EXAMPLE_TODAY}.\n\n" + table(("column", "value"), rows)


def _roster() -> str:
    parts = []
    for one in vocabulary().tables.values():
        rows = (
            (
                f"`{column.name}`",
                column.type,
                "; ".join(filter(None, (column.meaning, _bound(column)))),
                column.origin,
            )
            for column in one.columns.values()
        )
        key = f"Key: {codes(one.key)}."
        parts.append(
            f"## {one.name}\n\n{one.about} {key}\n\n{table(('column', 'type', 'meaning', 'origin'), rows)}"
        )
    sets = ((f"`{one.name}`", codes(one.values), one.origin) for one in vocabulary().codes.values())
    return "\n\n".join([*parts, f"## Code sets\n\n{table(('set', 'values', 'origin'), sets)}"])


def _bound(column: Any) -> str:
    return "; ".join(
        [
            *([f"{column.bound}"] if column.bound else []),
            *([f"codes: {column.codes}"] if column.codes else []),
        ]
    )


def _notifier(name: str) -> Callable[[], str]:
    return lambda: _settings(setting_rows(importlib.import_module(NOTIFIERS[name]).Settings))


def _settings_of(schema: Any, *, without: tuple[str, ...] = ()) -> Callable[[], str]:
    return lambda: _settings(row for row in setting_rows(schema) if row["name"] not in without)


def _list_of_connectors() -> str:
    told = [(name, one) for name in CONNECTORS for one in map(describe_plugin, find_plugins(name))]
    return table(
        ("connector", "kind", "talks to", "guarantee"),
        (
            (f"[{one['title']}](connectors/{name}.md)", one["kind"], one["system"], one["guarantee"])
            for name, one in told
        ),
    )


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    heads = tuple(header)
    lines = [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]
    return "\n".join(lines)


def codes(names: Iterable[str]) -> str:
    """Names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": _commands,
    "connectors": _list_of_connectors,
    "example-row": _example_row,
    "expect": _settings_of(ExpectSettings),
    "functions": _functions,
    "guards": _settings_of(GuardSettings),
    "hooks": _hooks,
    "notify": _settings_of(NotifierSettings),
    **{f"notify-{name}": _notifier(name) for name in NOTIFIERS},
    "pipeline": _settings_of(PipelineSettings),
    "privacy": _settings_of(PrivacySettings),
    "project": _settings_of(ProjectSettings),
    "retention": _settings_of(RetentionSettings),
    "roster": _roster,
}

if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8", newline="\n")
