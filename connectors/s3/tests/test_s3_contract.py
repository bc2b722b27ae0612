"""The conformance suite: what every plugin keeps."""

from rosterbus_s3.conformance import TestS3

__all__ = ["TestS3"]
