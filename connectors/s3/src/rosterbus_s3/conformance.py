"""What S3 declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestS3(ConnectorContract):
    """Reading from a bucket."""

    kind = "transport"
    connector = "s3"
