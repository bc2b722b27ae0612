"""Tells people by mail, over verified TLS."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

import marshmallow
from marshmallow import fields, validate

from rosterbus.errors import ConnectorError, RetriableError
from rosterbus.hookspecs import hookimpl
from rosterbus.notices import Notice
from rosterbus.settings import Settings as Schema
from rosterbus.settings import number, secret, text

_ADDRESS = r"[^@\s<>,]+@[^@\s<>,]+(?!\s)$"


class Settings(Schema):
    """How ``[[notify]]`` with ``by = "mail"`` is written."""

    host = text("the name of the mail server, as its certificate has it", required=True)
    port = number("its port", default=587, least=1, most=65535)
    security = text("how TLS begins", default="starttls", choices=("starttls", "tls"))
    username = text("the account at the mail server, if it asks for one")
    password = secret("the password of the account")
    sender = text("the address that the mail comes from", required=True, pattern=_ADDRESS)
    to = fields.List(
        text("", required=True, pattern=_ADDRESS),
        required=True,
        validate=validate.Length(min=1),
        metadata={"about": "the addresses that it goes to"},
    )
    timeout_seconds = number("how long to wait for the server", default=30, least=1)

    @marshmallow.validates_schema
    def _whole_account(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("username")) != bool(data.get("password")):
            msg = "`username` and `password` go together"
            raise marshmallow.ValidationError(msg)


@hookimpl
def notify(notice: Notice, settings: Any) -> None:
    """Send one mail to all addresses; raises RetriableError where the server is away."""
    with _refusals(settings), _connected(settings) as server:
        if settings.username:
            server.login(settings.username, settings.password.reveal())
        refused = server.send_message(_message(notice, settings))
    if refused:
        msg = f"the mail server {settings.host} refused {len(refused)} of {len(settings.to)} addresses"
        raise ConnectorError(msg)


@contextmanager
def _connected(settings: Any) -> Iterator[smtplib.SMTP]:
    tls = ssl.create_default_context()
    place = {"host": settings.host, "port": settings.port, "timeout": settings.timeout_seconds}
    if settings.security == "tls":
        with smtplib.SMTP_SSL(**place, context=tls) as server:
            yield server
    else:
        with smtplib.SMTP(**place) as server:
            server.starttls(context=tls)
            yield server


@contextmanager
def _refusals(settings: Any) -> Iterator[None]:
    """Say in our own words what went wrong: a server's answer may repeat addresses and accounts."""
    server = f"the mail server {settings.host}"
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        raise _refusal(f"{server} refused every address", codes) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(f"{server} refused ({type(error).__name__})", {error.smtp_code}) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConnectorError(f"{server} does not offer what is needed: TLS, or a login") from error
    except ssl.SSLCertVerificationError as error:
        raise ConnectorError(
            f"the certificate of {settings.host} is not valid: {error.verify_message}"
        ) from error
    except OSError as error:
        raise RetriableError(f"{server} cannot be reached: {type(error).__name__}") from error


def _refusal(wrong: str, codes: set[int]) -> ConnectorError:
    sentence = f"{wrong}: SMTP {', '.join(map(str, sorted(codes)))}"
    return RetriableError(sentence) if max(codes) < 500 else ConnectorError(sentence)


def _message(notice: Notice, settings: Any) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = notice.subject
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    return message
