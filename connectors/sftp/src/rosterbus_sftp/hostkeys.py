"""Host keys as people pin them: a SHA-256 fingerprint, or the whole public key line."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

ALLOWED = "`SHA256:...` as `ssh-keygen -lf` prints it, or a whole line `ssh-ed25519 AAAA...`"
_FINGERPRINT = re.compile(r"SHA256:([A-Za-z0-9+/]{43})=?")
_LINE = re.compile(r"(?:^|\s)(?P<algorithm>(?:ssh|ecdsa)-\S+) (?P<key>AAAA[A-Za-z0-9+/]+={0,2})(?:\s|$)")


@dataclass(frozen=True)
class Pin:
    """A host key that is believed. `algorithm` is empty where only the fingerprint is known."""

    fingerprint: str
    algorithm: str = ""

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Read a pin; raises ValueError saying what is allowed. A line of known_hosts is read as well."""
        if fingerprint := _FINGERPRINT.fullmatch(text.strip()):
            return cls(f"SHA256:{fingerprint[1]}")
        if line := _LINE.search(text.strip()):
            return cls._of_line(line["algorithm"], line["key"])
        raise ValueError(f"this is no host key; allowed: {ALLOWED}")

    @classmethod
    def _of_line(cls, algorithm: str, key: str) -> Pin:
        try:
            blob = base64.b64decode(key, validate=True)
        except binascii.Error as error:
            raise ValueError(f"the host key is cut off or damaged; allowed: {ALLOWED}") from error
        if not blob[4:].startswith(algorithm.encode("ascii")):
            raise ValueError(f"the host key is not of the type {algorithm} that stands before it")
        return cls(fingerprint_of(blob), algorithm)


def fingerprint_of(blob: bytes) -> str:
    """The fingerprint of a public key in its wire form, as OpenSSH writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def line_of(algorithm: str, blob: bytes) -> str:
    """The public key as one line, as known_hosts and `host_key` take it."""
    return f"{algorithm} {base64.b64encode(blob).decode('ascii')}"


def preferred(offered: Iterable[str], pins: Iterable[Pin]) -> tuple[str, ...]:
    """Order signature algorithms so that a server with several host keys shows the pinned one."""
    wanted = {pin.algorithm for pin in pins}
    rsa = {"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in wanted else set()
    return tuple(sorted(offered, key=lambda name: name not in wanted | rsa))
