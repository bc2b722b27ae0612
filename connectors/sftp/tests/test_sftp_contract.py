"""The conformance suite: what every plugin keeps."""

from rosterbus_sftp.conformance import TestSFTP

__all__ = ["TestSFTP"]
