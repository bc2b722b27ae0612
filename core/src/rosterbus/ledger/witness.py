"""Who said so, why, and from where: what every decision of a person is recorded with."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass

from rosterbus.errors import ConfigError


@dataclass(frozen=True)
class Witness:
    """A person's name and reason, as given, and the account and host they spoke from.

    Raises ConfigError where name or reason is blank.
    """

    by: str
    reason: str
    account: str
    host: str

    def __post_init__(self) -> None:
        for option, text in (("--by", self.by), ("--reason", self.reason)):
            if not text.strip():
                raise ConfigError("a decision needs a name and a reason", key=option, found="nothing")

    @classmethod
    def from_here(cls, *, by: str, reason: str) -> Witness:
        """Whoever runs this process."""
        return cls(by, reason, account=_account(), host=socket.gethostname())


def _account() -> str:
    """The account as the system knows it; `getpass` alone would believe an environment variable."""
    if os.name == "nt":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
