"""What `certify` declares to the conformance suite."""

from __future__ import annotations

from rosterbus.testing import ConnectorContract


class TestCertify(ConnectorContract):
    """The command `certify`."""

    kind = "extension"
    connector = "certify"
