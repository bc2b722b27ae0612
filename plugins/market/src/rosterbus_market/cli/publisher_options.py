"""The options and words of the commands with which a marketplace is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rosterbus_market.issuing import Issued, Place
from rosterbus_market.key_folder import MACHINE, KeyFolder, open_keys
from rosterbus_market.passphrases import ALLOWED, Passphrases

_Command = Callable[..., Any]
_FOLDER = click.Path(file_okay=False, path_type=Path)


def keys_options(command: _Command) -> _Command:
    """`--keys` and `--passphrase`."""
    command = click.option(
        "--passphrase",
        "passphrases",
        multiple=True,
        metavar="WHERE",
        help=f"Where a passphrase is: {ALLOWED}; asked for where it is not named. May be given again for each person.",
    )(command)
    return click.option(
        "--keys",
        "folder",
        type=_FOLDER,
        required=True,
        help="The folder of keys, as `market keys new` makes it.",
    )(command)


def stage_option(command: _Command) -> _Command:
    """`--stage`."""
    return click.option(
        "--stage",
        type=_FOLDER,
        help="Prepare it in this folder, for the signatures of people who are on other machines.",
    )(command)


def closure_option(command: _Command) -> _Command:
    """`--no-closure`."""
    return click.option(
        "--no-closure",
        is_flag=True,
        help="Do not resolve what the connectors need from elsewhere; what was resolved before is kept.",
    )(command)


def opened(folder: Path, passphrases: tuple[str, ...]) -> KeyFolder:
    """The keys to sign with."""
    return open_keys(folder, asked_passphrases(passphrases))


def asked_passphrases(values: tuple[str, ...]) -> Passphrases:
    """Passphrases to open keys with; each person is asked once."""
    known: dict[str, str] = {}

    def ask(who: str) -> str:
        if who not in known:
            whose = "the machine's keys" if who == MACHINE else f"the keys of {who}"
            known[who] = click.prompt(f"passphrase of {whose}", hide_input=True, err=True)
        return known[who]

    return Passphrases.parse(values, ask=ask)


def chosen_passphrases(values: tuple[str, ...], *, none: bool) -> Passphrases:
    """Passphrases for new keys; each person is asked once, and again to be sure."""
    known: dict[str, str] = {}

    def ask(who: str) -> str:
        if who not in known:
            whose = "the machine's keys" if who == MACHINE else f"the keys of {who}"
            known[who] = click.prompt(
                f"a passphrase for {whose}", hide_input=True, confirmation_prompt=True, err=True
            )
        return known[who]

    return Passphrases.parse(values, ask=ask, none=none)


def place_of(site: Path, keys: KeyFolder, stage: Path | None = None, location: str = "") -> Place:
    """Where a marketplace goes, with its progress on the screen."""
    return Place(site, keys, stage, location, told=lambda line: click.echo(line, err=True))


def tell(issued: Issued, place: Place) -> None:
    """Say what was written, who signed it, and what is to be done next."""
    by = ", ".join(issued.signed.by) or "nobody yet"
    if place.stage:
        click.echo(f"prepared {place.stage}; signed by {by}, {issued.signed.threshold} are needed")
        if not issued.signed.holds:
            click.echo(
                f"next, on the machine of {' or '.join(issued.signed.missing)}: "
                f"rosterbus market keys sign {place.stage} --keys THEIR_FOLDER"
            )
        click.echo(
            f"then here: rosterbus market publish {place.stage} --to {place.site} --keys {place.keys.folder}"
        )
        return
    releases = sum(len(entry.releases) for entry in issued.catalogue.entries)
    click.echo(
        f"wrote {issued.folder}: {releases} releases of {len(issued.catalogue.entries)}, signed by {by}"
    )
    click.echo(f"people trust it by this fingerprint of its first root: {issued.fingerprint}")
