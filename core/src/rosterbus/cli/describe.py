"""`rosterbus describe`: a connector's settings, layouts, rules with their sources, and guarantee."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from rosterbus.cards import KINDS
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.describing import describe_plugin, find_plugins

WIDTH = 13


@click.command("describe")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), help="Which one, where several kinds share the name.")
@json_option
def command(name: str, kind: str | None, as_json: bool) -> int:
    """Show what is known of the connector or plugin NAME, with the source of every rule."""
    described = [describe_plugin(one) for one in find_plugins(name, kind=kind)]
    if as_json:
        print_json({"plugins": described})
        return 0
    click.echo("\n\n".join("\n".join(_lines(one)) for one in described))
    return 0


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"{one['title']}   {one['kind']} `{one['name']}`   {one['distribution']} {one['version']}, {one['maturity']}"
    for title in ("system", "guarantee", "absence"):
        if one[title]:
            yield f"  {title:<{WIDTH}}{one[title]}"
    for title, values in (("pages", one["pages"]), ("connects to", one["hosts"])):
        if values:
            yield f"  {title:<{WIDTH}}{', '.join(values)}"
    for name, line in one["commands"].items():
        yield f"  {'command':<{WIDTH}}rosterbus {name}: {line}"
    yield from _settings(one["settings"])
    for layout in one["layouts"]:
        yield from _layout(layout)
    yield from _rules(one)
    yield from _unknown(one)
    if one["twin"]:
        yield from ("", f"twin: rosterbus twin {one['name']}")
        yield from (
            f"  {answer['known']:<{WIDTH}}{answer['behaviour']} ({answer['source']})"
            for answer in one["answers"]
        )


def _settings(settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if settings:
        yield from ("", "settings")
    width = max((len(one["name"]) for one in settings), default=0)
    for one in settings:
        default = (
            "required" if one["required"] else f"default {json.dumps(one['default'], ensure_ascii=False)}"
        )
        if not one["required"] and one["default"] is None:
            default = "optional"
        allowed = f"; one of {', '.join(one['choices'])}" if one["choices"] else ""
        limits = f"; {one['limits']}" if one["limits"] else ""
        yield f"  {one['name']:<{width}}  {one['type']}, {default}{allowed}{limits}"
        yield f"  {'':<{width}}  {one['about']}"


def _layout(layout: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"layout {layout['name']}: {layout['file']}, one row for each row of `{layout['rows']}`")
    yield from (f"  {title:<{WIDTH}}{text}" for title, text in _facts(layout) if text)
    for column in layout["columns"]:
        required = ", required" if column["required"] == "yes" else ""
        limits = f"; {column['limits']}" if column["limits"] else ""
        yield f"    {column['column']}   {column['kind']}{required}{limits}"
        yield f"        {column['source']}" + (f"   [{column['rule']}]" if column["rule"] else "")
    if layout["rules"]:
        yield "  rules across columns"
    for rule in layout["rules"]:
        yield f"    {rule['severity']}: {rule['sentence']}   [{rule['source']}]"


def _facts(layout: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    limits = layout["limits"]
    dialect = layout["dialect"]
    newline = "CRLF" if dialect["newline"] == "\r\n" else "LF"
    yield "key", ", ".join(layout["key"])
    yield "unique", "; ".join(", ".join(names) for names in layout["unique"])
    yield "identifiers", ", ".join(layout["identifiers"])
    yield "refers to", ", ".join(f"{column} in {other}" for column, other in layout["references"].items())
    yield "sends", layout["sends"] + (f", where {layout['where']}" if layout["where"] else "")
    yield "absence", layout["absence"]
    yield "limits", ", ".join(f"at most {most:,} {what}" for what, most in limits.items() if most)
    yield "split", _split(layout)
    mark = " with a byte-order mark" if dialect["bom"] else ""
    yield (
        "dialect",
        f"{dialect['encoding']}{mark}, {newline}, {dialect['delimiter']!r} between cells, quoting {dialect['quoting']}",
    )
    yield "columns", "a pipeline may add and rename columns" if layout["open"] else ""
    yield "source", layout["source"]


def _split(layout: Mapping[str, Any]) -> str:
    if not layout["split"]:
        return ""
    limited = ", and as many as the limits ask for" if any(layout["limits"].values()) else ""
    return f"a file for each {' and '.join(layout['split'])}{limited}"


def _rules(one: Mapping[str, Any]) -> Iterator[str]:
    if one["rules"]:
        yield from ("", "rules of a whole plan")
    elif one["judges"]:
        yield from ("", "rules of a whole plan: it has some, and its authors do not list them")
    for rule in one["rules"]:
        yield f"  {rule['severity']:<{WIDTH}}{rule['name']}: {rule['sentence']}   [{rule['source']}]"


def _unknown(one: Mapping[str, Any]) -> Iterator[str]:
    noted: dict[tuple[str, str], list[str]] = {}
    for layout in one["layouts"]:
        for column in layout["columns"]:
            if column["note"]:
                noted.setdefault((layout["name"], column["note"]), []).append(column["attribute"])
    told = [f"{name}.{', '.join(columns)}: {note}" for (name, note), columns in noted.items()]
    if told := [*one["unknown"], *told]:
        yield from ("", "to know, or to agree with the vendor", *(f"  {line}" for line in told))
