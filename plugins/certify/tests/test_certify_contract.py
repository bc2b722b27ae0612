"""The conformance suite: what every plugin keeps."""

from rosterbus_certify.conformance import TestCertify

__all__ = ["TestCertify"]
