"""The command line. Commands are imported when they are run, so that `--help` costs nothing."""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from rosterbus.errors import RosterbusError, printable, unforeseen
from rosterbus.gate import enter

INTERRUPTED = 130

COMMANDS = {
    "init": "A project and pipeline file that runs, every setting explained.",
    "add": "One more destination for a pipeline.",
    "check": "Settings, credentials, connection, rules, this machine; changes nothing.",
    "preview": "Source value, mapping, mapped value, verdict, side by side, for up to five ids.",
    "rehearse": "The whole pipeline against twins, with a throw-away ledger and no credentials.",
    "plan": "What would be sent, and whether it may go; sends nothing.",
    "diff": "Who is new, changed or removed in a plan.",
    "approve": "Let a held plan go, with your name and reason.",
    "apply": "Deliver a plan.",
    "run": "Finish what is open, then plan and apply.",
    "send": "Compose connectors without a file.",
    "status": "Every delivery on one screen.",
    "cancel": "Stop the vendor's job that works a delivery off.",
    "settle": "Say what became of a delivery that nobody else can know.",
    "baseline": "Say what a vendor holds.",
    "history": "The last ten uploads.",
    "report": "Write the reports of a run.",
    "connectors": "What is installed, what is broken, and why.",
    "describe": "A connector's settings, layouts, rules with sources, and guarantee.",
    "twin": "A vendor's stand-in on your own machine.",
}


class Commands(click.Group):
    """The core's commands by name, and those that installed plugins announce in their cards."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names: the core's in the order of use, then the plugins'."""
        return [*COMMANDS, *(name for name in sorted(_announced()) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and answer with one command."""
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(f"rosterbus.cli.{cmd_name}").command
            return command
        return _of_plugin(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any of them."""
        rows = [
            *COMMANDS.items(),
            *((name, line) for name, line in sorted(_announced().items()) if name not in COMMANDS),
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rosterbus")
def root() -> None:
    """Tell vendors who is enrolled: a roster out of any SIS, checked, mapped and delivered.

    Exit codes: 0 delivered, nothing new or not due; 1 failed; 2 usage or configuration; 3 held; 4 delivered or nothing
    new, with newly rejected rows or unreadable records; 5 refused by a vendor's rule; 75 try again later.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    # Whoever ends the process gets what Ctrl-C does: twins stop, and folders for a while go.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(command_line(sys.argv[1:] if arguments is None else arguments))


def command_line(arguments: Sequence[str]) -> int:
    """Run one command line and answer with its exit code; an error that a person can act on is one sentence."""
    if os.name == "posix":
        os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # Libraries have nothing to tell a person: what matters comes as an error, and theirs may quote a host or a path.
    logging.getLogger().addHandler(logging.NullHandler())
    as_json = "--json" in arguments
    enter(None)
    try:
        code = root.main(list(arguments), standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return _ended(error.format_message(), error.exit_code, as_json=as_json)
    except click.Abort:
        click.echo("interrupted", err=True)
        return _ended("interrupted", INTERRUPTED, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - a traceback may quote a cell, and helps nobody who runs this
        foreseen = error if isinstance(error, RosterbusError) else unforeseen(error)
        click.echo("\n".join(map(printable, f"rosterbus: {foreseen}".splitlines())), err=True)
        return _ended(str(foreseen), foreseen.exit_code, as_json=as_json)
    finally:
        enter(None)
    return code if isinstance(code, int) else 0


def _ended(error: str, code: int, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": error, "exit": code}))
    return code


def _announced() -> dict[str, str]:
    from rosterbus.plugins import installed

    return {
        name: line
        for one in installed()
        if one.card and not one.problem
        for name, line in one.card.commands.items()
    }


def _of_plugin(name: str) -> click.Command | None:
    from rosterbus.plugins import Plugins, installed

    for one in installed():
        if one.card and not one.problem and name in one.card.commands:
            plugins = Plugins([(one.kind, one.name)])
            commands: Sequence[Any] = plugins.call(one.plugin, "commands", step="adding its commands")
            return next((command for command in commands if command.name == name), None)
    return None
