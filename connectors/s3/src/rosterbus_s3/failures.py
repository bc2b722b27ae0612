"""What a store answers when it does not take something, as one sentence and the right kind of error."""

from __future__ import annotations

import ssl

from botocore import exceptions as aws  # type: ignore[import-untyped]
from rosterbus.errors import ConfigError, ConnectorError, NotThereError, RetriableError, RosterbusError
from rosterbus.settings import Values

FAILURES = (aws.BotoCoreError, aws.ClientError)
# Nothing of the request can have left: no connection was made.
_NOT_SENT = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)
_DAMAGED = "the bytes that arrived are not the ones that were planned, so nothing was stored"
_ELSEWHERE = "the bucket is in another region; correct `region`"
_SENTENCES = {
    "SignatureDoesNotMatch": "the secret access key is wrong",
    "InvalidAccessKeyId": "there is no such access key id",
    "InvalidToken": "the session token is wrong",
    "ExpiredToken": "the temporary credentials have expired",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "AccessDenied": "these credentials have no permission for that",
    "403": "these credentials have no permission for that",
    "AllAccessDisabled": "the bucket was closed by its owner",
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "there is no such object",
    "404": "there is no such bucket or object",
    "InvalidBucketName": "that is no name of a bucket",
    "KeyTooLongError": "the key is too long",
    "EntityTooLarge": "the file is too large for a single put",
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "NotImplemented": "the store cannot do that; if it cannot put conditionally, write `conditional = false`",
    "MethodNotAllowed": "the store does not allow this request",
}


class StoreAwayError(RetriableError):
    """The store is away. `maybe_taken` is true where it may have stored the object before it fell silent."""

    def __init__(self, sentence: str, *, maybe_taken: bool) -> None:
        super().__init__(sentence)
        self.maybe_taken = maybe_taken


def failed(error: BaseException, values: Values, doing: str, key: str) -> RosterbusError:
    """Why an operation failed. `doing` is a verb like ``putting``."""
    where = f"s3://{values.bucket}/{key}"
    if isinstance(error, aws.ClientError):
        return _answered(error, doing, where)
    if isinstance(error, _NOT_SENT):
        return StoreAwayError(f"the store of {where} cannot be reached, nothing was sent", maybe_taken=False)
    if isinstance(error, aws.SSLError) and _is_distrusted(error):
        return ConnectorError(
            f"the store of {where} shows no certificate that this machine trusts, nothing was sent"
        )
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError | aws.ProfileNotFound):
        return ConfigError(
            f"no credentials were found on this machine ({type(error).__name__})", key="ambient"
        )
    if isinstance(error, aws.HTTPClientError | aws.SSLError):
        return StoreAwayError(f"the connection was lost while {doing} {where}", maybe_taken=True)
    return ConnectorError(f"{doing} {where} failed before anything was sent ({type(error).__name__})")


def _is_distrusted(error: aws.SSLError) -> bool:
    """Whether the certificate was at fault: whatever else breaks the encryption may break it after the last byte."""
    reason = error.kwargs.get("error")
    return any(
        isinstance(one, ssl.SSLCertVerificationError) for one in (reason, *getattr(reason, "args", ()))
    )


def _answered(error: aws.ClientError, doing: str, where: str) -> ConnectorError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in (409, 429) or code in ("SlowDown", "RequestTimeout"):
        return StoreAwayError(f"the store is busy with {where} ({code}); try again later", maybe_taken=False)
    if status >= 500 and code not in _SENTENCES:
        return StoreAwayError(f"the store failed while {doing} {where} ({status} {code})", maybe_taken=True)
    sentence = _SENTENCES.get(code, "the store refused it")
    kind = NotThereError if code == "NoSuchKey" else ConnectorError
    return kind(f"{doing} {where} failed: {sentence} ({status} {code})")
