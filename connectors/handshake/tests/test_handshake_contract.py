"""The conformance suite: the student file put into Handshake's bucket."""

from rosterbus_handshake.conformance import TestHandshake

__all__ = ["TestHandshake"]
