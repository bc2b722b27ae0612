"""The conformance suite: what every plugin keeps."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestS3(ConnectorContract):
    kind = "transport"
    connector = "s3"
