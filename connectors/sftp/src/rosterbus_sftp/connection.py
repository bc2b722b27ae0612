"""Opening a connection: the host key is checked before anything of ours is sent."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import paramiko  # type: ignore[import-untyped]
from rosterbus.deliveries import Probe
from rosterbus.errors import ConfigError, ConnectorError, RosterbusError
from rosterbus.settings import Values

from rosterbus_sftp.failures import answered, unreachable
from rosterbus_sftp.hostkeys import fingerprint_of, preferred
from rosterbus_sftp.remote import Remote
from rosterbus_sftp.settings import server

# What paramiko logs it also raises; without a handler Python would print it with a traceback.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


@contextmanager
def connect(values: Values) -> Iterator[Remote]:
    """Connect, check the host key, log in, and give the remote folder tree.

    Raises ConfigError without a pinned host key or a usable credential, ConnectorError where the server
    refuses or is not the pinned one, RetriableError where it is away.
    """
    _require_pin(values)
    with reached(values) as transport:
        _check_host_key(transport, values)
        _log_in(transport, values)
        yield Remote(_sftp(transport, values), values)


@contextmanager
def reached(values: Values) -> Iterator[Any]:
    """An encrypted connection to whoever answers, with no credential sent: a `paramiko.Transport`."""
    try:
        stream = socket.create_connection((values.host, values.port), timeout=values.timeout)
    except OSError as error:
        raise unreachable(error, values) from error
    try:
        transport = paramiko.Transport(stream)
    except BaseException:
        stream.close()
        raise
    try:
        # `answered` is the only clock: where paramiko's own ran out first, it would look like a refusal.
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = values.timeout * 2
        security = transport.get_security_options()
        security.key_types = preferred(security.key_types, values.host_key)
        with answered(transport, values, "agreeing on encryption"):
            transport.start_client()
        yield transport
    finally:
        transport.close()
        stream.close()


def _require_pin(values: Values) -> None:
    if not values.host_key:
        raise ConfigError(
            f"the host key of {server(values)} is not pinned, so nobody knows who would get the data; "
            f"run: rosterbus pin sftp://{server(values)}",
            key="host_key",
        )


def _check_host_key(transport: Any, values: Values) -> None:
    shown = transport.get_remote_server_key()
    fingerprint = fingerprint_of(shown.asbytes())
    if fingerprint in {pin.fingerprint for pin in values.host_key}:
        return
    pinned = ", ".join(pin.fingerprint for pin in values.host_key)
    raise ConnectorError(
        f"{server(values)} shows another host key than the pinned one, so nothing was sent: "
        f"found {shown.get_name()} {fingerprint}, pinned {pinned}; "
        f"ask the vendor whether it changed, then run: rosterbus pin sftp://{server(values)}"
    )


def _log_in(transport: Any, values: Values) -> None:
    key = private_key(values) if values.private_key else None
    password = values.password.reveal() if values.password else None
    if key is None and password is None:
        raise ConfigError("there is nothing to log in with", allowed="`private_key`, `password`, or both")
    missing: Sequence[str] = ()
    with answered(transport, values, "logging in"):
        if key is not None:
            missing = transport.auth_publickey(values.username, key)
        if password is not None and (key is None or missing):
            missing = transport.auth_password(values.username, password)
    if missing:
        raise ConnectorError(
            f"{server(values)} asks {values.username} for more than was given: {', '.join(missing)}"
        )


def private_key(values: Values) -> Any:
    """Read the private key, a `paramiko.PKey`. Raises ConfigError where it cannot be used."""
    where = str(values.private_key)
    text = values.private_key.reveal() + "\n"
    passphrase = values.passphrase.reveal() if values.passphrase else None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except paramiko.PasswordRequiredException as error:
            raise ConfigError("the private key is encrypted; write `passphrase` too", key=where) from error
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise ConfigError(
        "the private key cannot be read, or the passphrase is wrong",
        key=where,
        allowed="Ed25519, ECDSA or RSA in OpenSSH or PEM format "
        "(convert one of PuTTY with: puttygen KEY -O private-openssh)",
    )


def _sftp(transport: Any, values: Values) -> Any:
    with answered(transport, values, "opening SFTP"):
        client = paramiko.SFTPClient.from_transport(transport)
    client.get_channel().settimeout(values.timeout)
    return client


def test_connection(values: Values) -> list[Probe]:
    """Prove server and credential one after the other; changes nothing there."""
    probes: list[Probe] = []
    try:
        _require_pin(values)
        with reached(values) as transport:
            _check_host_key(transport, values)
            probes.append(Probe("server", "proved", f"{server(values)} shows the pinned host key"))
            _log_in(transport, values)
            _sftp(transport, values)
            probes.append(Probe("credential", "proved", f"{values.username} was let in to SFTP"))
    except RosterbusError as error:
        probes.append(Probe("credential" if probes else "server", "failed", str(error)))
    return probes


test_connection.__test__ = False  # type: ignore[attr-defined]  # the name is not pytest's
