"""`rosterbus market`: each command is a module of this folder, imported when it is run."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "trust": "Trust a marketplace, by the fingerprint of its root.",
    "search": "Find connectors.",
    "show": "Everything that the marketplace says of one connector.",
    "install": "Examine, show, ask, and install a connector with all that it needs.",
    "upgrade": "Try a newer release beside the old one, and take it over when told.",
    "rollback": "Go back to what was installed before.",
    "outdated": "What has a newer release, and what was withdrawn.",
    "remove": "Take a connector out of the environment and the lock.",
    "verify": "Compare every installed file with the lock.",
    "mirror": "A full copy of the marketplace that works and verifies without a network.",
    "keys": "Make, keep and exchange the keys of a marketplace.",
    "build": "Make a marketplace of wheels.",
    "publish": "Add a wheel to a marketplace.",
    "withdraw": "Name a release that must not be used any more, with the reason.",
    "refresh": "Sign the newest state again before it expires.",
    "recertify": "Run the conformance suite of every connector, also against a coming core.",
}


class Commands(click.Group):
    """The commands by name; none is imported before it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and answer with one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"rosterbus_market.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands)
def market() -> None:
    """Find, trust, install and pin connectors; build and sign a marketplace of your own."""
