"""`rosterbus market trust`: choose a marketplace, by the fingerprint of its first root."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rosterbus.cli.shared_options import json_option, print_json
from rosterbus.errors import ConfigError, RefusedError, printable
from rosterbus.private import private_folder, write_private_bytes
from tuf.api.metadata import Metadata, Root

from rosterbus_market.agreeing import ask, person
from rosterbus_market.fetching import base_of
from rosterbus_market.key_folder import keys_of, person_of
from rosterbus_market.options import folder_option
from rosterbus_market.signing import fingerprint
from rosterbus_market.state import MarketState, Trust
from rosterbus_market.verified import Marketplace, first_root, forget, read_root


@click.command("trust")
@click.argument("location")
@click.option(
    "--fingerprint",
    "expected",
    metavar="SHA256",
    help="What its people told you on another way than this one.",
)
@json_option
@folder_option
def command(location: str, expected: str | None, as_json: bool, folder: Path | None) -> int:
    """Trust the marketplace at LOCATION: a folder, file:// or https://.

    Compare the fingerprint with what its people say elsewhere: everything later is verified by it.
    """
    state = MarketState.of(folder)
    content = first_root(location)
    root, found = read_root(content, location), fingerprint(content)
    place = location if "://" in location else str(Path(location).expanduser().resolve())
    with state.alone():
        if not as_json:
            lines = [f"marketplace: {place}", f"fingerprint: {found}", *_people(root)]
            click.echo("\n".join(map(printable, lines)), err=True)
        _agree(found, expected)
        title = _begin(state, content, place, found)
    if as_json:
        print_json({"location": place, "fingerprint": found, "title": title})
    else:
        click.echo(printable(f"{title} is trusted by this project"))
    return 0


def _people(root: Metadata[Root]) -> list[str]:
    lines = []
    for role, does in (("root", "change the keys"), ("targets", "publish")):
        who = sorted({person_of(one) for one in keys_of(root.signed, role)})
        lines.append(f"  to {does}: {root.signed.roles[role].threshold} of {', '.join(who)} have to sign")
    return lines


def _agree(found: str, expected: str | None) -> None:
    if expected is None:
        try:
            ask("is this the fingerprint that its people told you?", yes=False)
        except ConfigError as error:
            msg = "nobody is at a terminal to compare the fingerprint; give the one that its people told you"
            raise ConfigError(msg, key="--fingerprint") from error
    elif expected.lower().removeprefix("sha256:").replace(":", "").replace(" ", "") != found:
        msg = "the marketplace has another fingerprint than the one you gave: it is another one, or a forged one"
        raise RefusedError(f"{msg}; found {found}; ask its people")


def _begin(state: MarketState, root: bytes, location: str, found: str) -> str:
    """Verify the marketplace from this root; another one that was trusted is forgotten only if that succeeds."""
    base_of(location)
    if state.root.is_file() and fingerprint(state.root.read_bytes()) == found:
        title = Marketplace(state, location).refresh().title
    else:
        trial = MarketState(private_folder(state.folder / "trial"), state.lock)
        forget(trial)
        write_private_bytes(trial.root, root)
        title = Marketplace(trial, location).refresh().title
        forget(state)
        write_private_bytes(state.root, root)
        Marketplace(state, location).refresh()
    state.keep_trust(Trust(location, found, date.today().isoformat(), person()))
    return title
