"""HTTPS for every destination: uploads to a server that proves itself, streamed, and never repeated unasked."""

from __future__ import annotations

from rosterbus_https.bodies import Content, Form, FormUpload, Upload
from rosterbus_https.connection import AWAY, Answer, Connection, LostError
from rosterbus_https.settings import HTTPSSettings, Location, test_connection

__all__ = [
    "AWAY",
    "Answer",
    "Connection",
    "Content",
    "Form",
    "FormUpload",
    "HTTPSSettings",
    "Location",
    "LostError",
    "Upload",
    "test_connection",
]
