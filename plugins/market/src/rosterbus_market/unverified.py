"""Says why a marketplace is refused: one sentence for each way in which its files are not what its people signed."""

from __future__ import annotations

import re

from rosterbus.errors import ConnectorError, RetriableError, RosterbusError
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    SlowRetrievalError,
    UnsignedMetadataError,
)

from rosterbus_market.refusals import SiteRefusedError

_SIGNED = re.compile(r"(?P<role>\S+) was signed by (?P<signed>\d+)/(?P<threshold>\d+) keys")
_AWAY = (408, 425, 429, 500, 502, 503, 504)


def sentence_of(error: Exception, *, location: str, target: str = "", other_root: str = "") -> RosterbusError:
    """What a person needs to know of an error of TUF.

    `target` is the file that was fetched, blank for the metadata; `other_root` the fingerprint of the first root that
    lies there now, where it is not the one that was trusted.
    """
    if isinstance(error, DownloadError) and not isinstance(error, DownloadLengthMismatchError):
        return _unreached(error, location, target)
    if other_root:
        wrong = f"it has another root than the one you trusted, with the fingerprint {other_root}"
        todo = f"ask its maintainers, and if that is right: rosterbus market trust {location}"
    else:
        wrong, todo = _wrong(error, target)
    return SiteRefusedError(f"the marketplace {location} is refused: {wrong}; {todo}")


def _wrong(error: Exception, target: str) -> tuple[str, str]:
    tell = "tell its maintainers; what is installed keeps working"
    if isinstance(error, UnsignedMetadataError):
        return _unsigned(str(error)), tell
    if isinstance(error, ExpiredMetadataError):
        return _expired(str(error))
    if isinstance(error, BadVersionNumberError):
        return (
            f"it shows an older state than the one seen before ({_plain(error)}); somebody may have put it back",
            "try again in some minutes, and if it stays so, tell its maintainers",
        )
    if isinstance(error, LengthOrHashMismatchError | DownloadLengthMismatchError):
        what = target or "its metadata"
        return (
            f"{what} is not what was signed: bytes of it were changed, or it is half-way through an upload",
            ("try again in some minutes, and if it stays so, tell its maintainers"),
        )
    return f"its metadata cannot be read ({_plain(error)})", tell


def _unsigned(message: str) -> str:
    told = _SIGNED.search(message)
    if not told:
        return f"a signature is missing ({message})"
    role, signed, threshold = told["role"], int(told["signed"]), int(told["threshold"])
    if not signed:
        return f"`{role}` has no signature of a key that its root names"
    keys = "key has" if signed == 1 else "keys have"
    return f"`{role}` needs the signatures of {threshold} keys, and {signed} {keys} signed"


def _expired(message: str) -> tuple[str, str]:
    if "timestamp" in message:
        return (
            "nobody has signed lately that this is its newest state; it may be an old one, shown to hide a newer",
            "ask its maintainers for `rosterbus market refresh`",
        )
    name = next((role for role in ("root", "snapshot", "targets") if role in message), "metadata")
    return (
        f"its `{name}` has expired",
        "ask its maintainers to sign it again; what is installed keeps working",
    )


def _unreached(error: DownloadError, location: str, target: str) -> RosterbusError:
    name = target or "its signed metadata"
    if isinstance(error, DownloadHTTPError):
        code = error.status_code
        if code in _AWAY:
            return RetriableError(f"the marketplace {location} answered {code}; try again later")
        if 300 <= code < 400:
            wrong = f"{location} answered {code}, and redirects are not followed"
            return ConnectorError(f"{wrong}; name the marketplace's own address")
        return ConnectorError(
            f"{location} does not give {name} (it answered {code}); see that the address is that of a marketplace"
        )
    if isinstance(error, SlowRetrievalError):
        return RetriableError(f"the marketplace {location} {error}")
    return RetriableError(f"the marketplace {location} cannot be reached: {_plain(error.__cause__ or error)}")


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
