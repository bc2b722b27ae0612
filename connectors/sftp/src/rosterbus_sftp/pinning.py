"""`rosterbus pin`: where a host key is taken from the network, and only in front of a person."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import click
import tomlkit
from rosterbus.errors import ConfigError
from rosterbus.settings import Values
from tomlkit.exceptions import TOMLKitError

from rosterbus_sftp.connection import reached
from rosterbus_sftp.hostkeys import fingerprint_of, line_of
from rosterbus_sftp.settings import PORT, parse_location, server


@click.command()
@click.argument("location")
@click.option(
    "--accept", metavar="SHA256:...", help="The fingerprint the vendor gave you; needed without a terminal."
)
@click.option(
    "--write", "file", type=click.Path(path_type=Path), help="The pipeline file to write the key into."
)
@click.option("--key", metavar="deliver.NAME.host_key", help="Where in that file.")
@click.option("--timeout", default=30, show_default=True, help="Seconds to wait for the server.")
def pin(location: str, accept: str | None, file: Path | None, key: str | None, timeout: int) -> None:
    """Show the host key of the SFTP server at LOCATION (sftp://host:port) and pin it.

    No credential is sent. Compare the fingerprint with the one that the vendor published.
    """
    if (file is None) != (key is None):
        raise ConfigError(
            "`--write` and `--key` belong together",
            allowed="--write PIPELINE.toml --key deliver.NAME.host_key",
        )
    parts = parse_location(location)
    values = Values({"port": PORT, **parts, "host_key": (), "timeout": timeout})
    with reached(values) as transport:
        shown = transport.get_remote_server_key()
    fingerprint = fingerprint_of(shown.asbytes())
    click.echo(f"{server(values)} shows the host key\n  {shown.get_name()} {fingerprint}")
    _agree(fingerprint, accept)
    line = line_of(shown.get_name(), shown.asbytes())
    if file is None or key is None:
        click.echo(f'\nhost_key = "{line}"')
    else:
        write_pin(file, key, line)
        click.echo(f"written to `{key}` in {file}")


def _agree(fingerprint: str, accept: str | None) -> None:
    if accept is not None:
        if accept.rstrip("=") != fingerprint:
            raise ConfigError(
                "this is not the accepted host key, so it is not pinned", key="--accept", found=fingerprint
            )
        return
    if not sys.stdin.isatty():
        raise ConfigError(
            "a host key is pinned by a person at a terminal",
            allowed="--accept SHA256:... with the fingerprint that the vendor published",
        )
    click.confirm("Is this the fingerprint that the vendor published?", abort=True)


def write_pin(file: Path, key: str, line: str) -> None:
    """Put a host key at a dotted key of a TOML file and leave everything else as it is.

    Raises ConfigError where the file cannot be read or the key leads nowhere; its table must be there.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            document = tomlkit.parse(stream.read())
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError(f"the file cannot be read as TOML ({type(error).__name__})", file=file) from error
    *tables, name = key.split(".")
    place: Any = document
    for table in tables:
        place = place.get(table)
        if not isinstance(place, MutableMapping):
            raise ConfigError(
                "there is no such table in the file", file=file, key=key, found=f"no table `{table}`"
            )
    place[name] = line
    _replace(file, tomlkit.dumps(document))


def _replace(file: Path, text: str) -> None:
    """Write beside the file and rename, so that an interruption leaves one of the two whole."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        beside.chmod(file.stat().st_mode)
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
