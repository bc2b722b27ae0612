"""`rosterbus market keys`: make, show, exchange and use the keys of a marketplace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rosterbus.errors import ConfigError

from rosterbus_market.cli.publish import told
from rosterbus_market.cli.publisher_options import (
    asked_passphrases,
    chosen_passphrases,
    keys_options,
    opened,
    place_of,
)
from rosterbus_market.countersigning import differences, examined_stage, sign_stage
from rosterbus_market.issuing import own_fingerprint
from rosterbus_market.key_folder import (
    DAYS,
    MACHINE,
    OF_MACHINE,
    OF_PEOPLE,
    PUBLIC,
    KeyFolder,
    days_of,
    keys_of,
    make_person,
    new_keys,
    person_of,
    private_path,
    read_root,
)
from rosterbus_market.options import yes_option
from rosterbus_market.passphrases import ALLOWED, Passphrases
from rosterbus_market.rotating import Change, RootSigned, rotate, sign_root

_FOLDER = click.Path(file_okay=False, path_type=Path)
USES = {
    "root": "says who may sign at all; needed when people come or go, and once a year. Keep it off the network, on a "
    "stick in a drawer, each person's apart.",
    "targets": "says which connectors the marketplace has; needed for every release. Keep it on its person's machine.",
    "snapshot": "says which list of releases is the newest. Stays on the machine that publishes.",
    "timestamp": "says that nothing newer exists, for some days at a time. Stays on the machine that publishes.",
}


def _new_key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--no-passphrase", is_flag=True, help="Write the keys open, readable by whoever gets the files."
    )(command)
    return click.option(
        "--passphrase",
        "passphrases",
        multiple=True,
        metavar="WHERE",
        help=f"Where the passphrase for new keys is: {ALLOWED}; asked for where it is not named.",
    )(command)


@click.group("keys")
def command() -> None:
    """Make, show and exchange the keys of a marketplace.

    A marketplace is signed by people, so that nobody who merely gets at its web server can change what it offers. Each
    person has a key for `root` (who may sign) and one for `targets` (what is offered); the machine that publishes has
    one for `snapshot` and one for `timestamp` (nothing older may be taken for new). With a threshold of 2, no single
    person, and nobody who steals one person's keys, can publish anything.
    """


@command.command("new")
@click.argument("folder", type=_FOLDER)
@click.option("--people", required=True, help="Who signs, by names with commas: ann,ben.")
@click.option(
    "--threshold", type=click.IntRange(min=1), default=2, show_default=True, help="How many of them must."
)
@click.option("--days", multiple=True, metavar="ROLE=DAYS", help="How long a role's signature holds.")
@_new_key_options
def new(
    folder: Path,
    people: str,
    threshold: int,
    days: tuple[str, ...],
    passphrases: tuple[str, ...],
    no_passphrase: bool,
) -> int:
    """Make the keys of a new marketplace in FOLDER, and the root that names them.

    A person who made keys alone, with `keys person`, gives NAME.public.json: lay it into FOLDER first, and only the
    others' are made here.
    """
    chosen = chosen_passphrases(passphrases, none=no_passphrase)
    keys = new_keys(folder, _people(people), threshold=threshold, passphrases=chosen, days=_days(days, DAYS))
    _explain(keys, open_keys=no_passphrase)
    return 0


@command.command("person")
@click.argument("name")
@click.argument("folder", type=_FOLDER)
@_new_key_options
def person(name: str, folder: Path, passphrases: tuple[str, ...], no_passphrase: bool) -> int:
    """Make the keys of one person in FOLDER, on the machine where they will stay.

    NAME.public.json is for whoever makes the marketplace; the other files are for nobody else.
    """
    make_person(folder, name, chosen_passphrases(passphrases, none=no_passphrase))
    click.echo(f"made the keys of {name} in {folder}; give {name}{PUBLIC} to whoever makes the marketplace")
    _warn_of_open_keys(open_keys=no_passphrase)
    return 0


@command.command("show")
@click.argument("folder", type=_FOLDER)
def show(folder: Path) -> int:
    """Show who may sign, until when, what each key can do, and which private keys are here."""
    _explain(KeyFolder(folder, Passphrases()))
    return 0


@command.command("rotate")
@click.option("--people", default="", help="Who signs from now on; by default the same people.")
@click.option("--threshold", type=click.IntRange(min=1), help="How many of them must; by default as before.")
@click.option(
    "--renew",
    multiple=True,
    help=f"Whose keys are made anew: a name, or `{MACHINE}`; for lost or stolen ones.",
)
@click.option("--days", multiple=True, metavar="ROLE=DAYS", help="How long a role's signature holds.")
@click.option(
    "--no-passphrase", is_flag=True, help="Write new keys open, readable by whoever gets the files."
)
@keys_options
def rotate_keys(
    people: str,
    threshold: int | None,
    renew: tuple[str, ...],
    days: tuple[str, ...],
    no_passphrase: bool,
    folder: Path,
    passphrases: tuple[str, ...],
) -> int:
    """Make the next root: other people, other keys, or the same for another year.

    It holds when as many of the old people as were needed have signed it, and as many of the new ones. Clients follow
    it by themselves; nobody has to trust anything anew.
    """
    values = passphrases
    chosen = chosen_passphrases(values, none=no_passphrase) if renew or people else asked_passphrases(values)
    keys = KeyFolder(folder, chosen)
    change = Change(_people(people), threshold, renew, _days(days, {}))
    _tell_root(rotate(keys, change), folder)
    for path in sorted(folder.glob("*.pem.old-*")):
        click.echo(f"{path.name} is an old key; delete it when the new root holds")
    return 0


@command.command("sign")
@click.argument("what", metavar="STAGE|ROOT", type=click.Path(exists=True, path_type=Path))
@click.option("--against", type=_FOLDER, help="The marketplace as it is, to see what would change.")
@yes_option
@keys_options
def sign(what: Path, against: Path | None, yes: bool, folder: Path, passphrases: tuple[str, ...]) -> int:
    """Sign what another person prepared: a folder made with `--stage`, or a new root.

    Every wheel of a stage is examined again on this machine, and compared with what its catalogue says.
    """
    if what.is_file():
        for line in root_lines(what):
            click.echo(line)
        if not yes:
            click.confirm("are these the people who shall sign from now on?", abort=True)
        _tell_root(sign_root(what, folder, asked_passphrases(passphrases)), folder)
        return 0
    keys = opened(folder, passphrases)
    for line in told(differences(examined_stage(what, keys), place_of(against, keys) if against else None)):
        click.echo(line)
    if not yes:
        click.confirm("sign it?", abort=True)
    signed = sign_stage(what, keys)
    click.echo(f"signed by {', '.join(signed.by) or 'nobody'}; {signed.threshold} are needed")
    return 0


def root_lines(path: Path) -> list[str]:
    """Who a root lets sign, with the beginning of each key, so that people can compare them by telephone."""
    root = read_root(path).signed
    lines = [f"root {root.version}, good until {root.expires:%Y-%m-%d}"]
    for role in (*OF_PEOPLE, *OF_MACHINE):
        who = ", ".join(f"{person_of(key)} ({key.keyid[:12]})" for key in keys_of(root, role))
        lines.append(f"{role}: {root.roles[role].threshold} of {who}")
    return lines


def _people(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _days(values: tuple[str, ...], start: Any) -> dict[str, int]:
    days = dict(start)
    for value in values:
        role, _, number = value.partition("=")
        if role not in DAYS or not number.isdecimal() or not 1 <= int(number) <= 3650:
            allowed = f"{', '.join(DAYS)}, each with 1 to 3650"
            raise ConfigError("no days of a role", key="--days", found=f"`{value}`", allowed=allowed)
        days[role] = int(number)
    return days


def _explain(keys: KeyFolder, *, open_keys: bool = False) -> None:
    root = keys.root.signed
    click.echo(
        f"root {root.version}, good until {root.expires:%Y-%m-%d}; fingerprint {own_fingerprint(keys)}"
    )
    for role in (*OF_PEOPLE, *OF_MACHINE):
        who = [person_of(key) for key in keys_of(root, role)]
        here = [one for one in who if private_path(keys.folder, one, role).is_file()]
        click.echo(f"\n{role}: {root.roles[role].threshold} of {', '.join(who)}; {days_of(root)[role]} days")
        click.echo(f"  It {USES[role]}")
        click.echo(f"  Private keys here: {', '.join(f'{one}.{role}.pem' for one in here) or 'none'}")
    signed = keys.root.signed.get_root_verification_result(None, keys.root.signed_bytes, keys.root.signatures)
    if not signed and root.version == 1:
        names = ", ".join(sorted(person_of(key) for key in signed.unsigned.values()))
        click.echo(
            f"\nstill to sign this root: {names}; rosterbus market keys sign {keys.folder / 'root.json'}"
        )
    _warn_of_open_keys(open_keys=open_keys)


def _warn_of_open_keys(*, open_keys: bool) -> None:
    if open_keys:
        click.echo("\nthe keys have no passphrase: whoever reads these files can sign", err=True)


def _tell_root(signed: RootSigned, folder: Path) -> None:
    by = ", ".join(signed.by) or "nobody"
    if signed.holds:
        click.echo(f"root {signed.version} holds, signed by {by}; {folder} has it now")
        click.echo(
            "next, on the machine that publishes: rosterbus market refresh SITE --targets --keys FOLDER"
        )
        return
    click.echo(
        f"{signed.path} is signed by {by}; it does not hold yet, {', '.join(signed.missing)} can still sign it"
    )
    click.echo(f"next, on their machines: rosterbus market keys sign {signed.path.name} --keys THEIR_FOLDER")
