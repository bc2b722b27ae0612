"""The conformance suite: what every plugin keeps."""

from rosterbus_https.conformance import TestHTTPS

__all__ = ["TestHTTPS"]
