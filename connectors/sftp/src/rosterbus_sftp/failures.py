"""Every way in which a connection or an operation fails, as one sentence and the right kind of error.

Only classes, error numbers and the state of the connection are judged: servers word messages as they like.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any

import paramiko  # type: ignore[import-untyped]
from paramiko.ssh_exception import IncompatiblePeer  # type: ignore[import-untyped]
from rosterbus.errors import ConnectorError, NotThereError, RetriableError
from rosterbus.settings import Values

from rosterbus_sftp.settings import server

FAILURES = (OSError, EOFError, UnicodeDecodeError, paramiko.SSHException, paramiko.SFTPError)


def unreachable(error: OSError, values: Values) -> ConnectorError:
    """Why no connection was made at all."""
    where = server(values)
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return RetriableError(f"the name of {where} could not be looked up just now")
        return ConnectorError(f"there is no server named {where}; correct `host`")
    if isinstance(error, ConnectionRefusedError):
        return RetriableError(f"{where} refused the connection; is `port` right, and is the server up")
    if isinstance(error, TimeoutError):
        return _silent(values, "connecting")
    return RetriableError(f"{where} cannot be reached: {error.strerror or type(error).__name__}")


@contextmanager
def answered(transport: Any, values: Values, doing: str) -> Iterator[None]:
    """Bound one phase of opening a connection by closing it: paramiko itself waits for ever in places."""
    expired = Event()

    def expire() -> None:
        expired.set()
        transport.close()

    timer = Timer(values.timeout, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except FAILURES as error:
        if expired.is_set():
            raise _silent(values, doing) from error
        raise _not_opened(error, values, doing) from error
    finally:
        timer.cancel()


def _silent(values: Values, doing: str) -> RetriableError:
    return RetriableError(f"{server(values)} gave no answer within {values.timeout} seconds while {doing}")


def _not_opened(error: BaseException, values: Values, doing: str) -> ConnectorError:
    where = server(values)
    if isinstance(error, IncompatiblePeer):
        return ConnectorError(
            f"{where} is too old: it offers no key exchange, cipher or host key that is still safe; "
            "ask the vendor to update it"
        )
    if isinstance(error, paramiko.BadAuthenticationType):
        offered = ", ".join(sorted(error.allowed_types)) or "nothing"
        return ConnectorError(
            f"{where} does not take this kind of credential from {values.username}; it takes: {offered}"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return ConnectorError(f"{where} refused the credentials of {values.username}; nothing was sent")
    if isinstance(error, paramiko.ChannelException):
        return ConnectorError(f"{where} let {values.username} in but refused to open a session")
    return RetriableError(f"the connection to {where} was lost while {doing}")


def failed(error: BaseException, values: Values, *, alive: bool, doing: str, path: str) -> ConnectorError:
    """Why an operation on an open connection failed. `alive` says whether the connection still stood."""
    where = server(values)
    if isinstance(error, TimeoutError):
        return _silent(values, f"{doing} {path}")
    if isinstance(error, UnicodeDecodeError):
        return ConnectorError(
            f"{where} shows a name that is not UTF-8 (while {doing} {path}); rename it there"
        )
    if not alive or not isinstance(error, OSError):
        return RetriableError(
            f"the connection to {where} was lost while {doing} {path}; the next run goes on from there"
        )
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        return NotThereError(f"there is no such file or folder on {where}: {path} (while {doing} it)")
    if number == errno.EACCES:
        return ConnectorError(f"{values.username} has no permission on {where} for {doing} {path}")
    if doing == "writing":
        return RetriableError(f"{where} failed while writing {path}; its disk or quota may be full")
    return ConnectorError(f"{where} failed while {doing} {path} and does not say why")
