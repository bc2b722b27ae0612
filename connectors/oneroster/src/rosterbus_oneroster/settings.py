"""The settings of the OneRoster source."""

from __future__ import annotations

import codecs
from datetime import date

from marshmallow import ValidationError, validates
from rosterbus.settings import Settings, flag, number, table, text, texts

from rosterbus_oneroster.standard import FILES


class OneRosterSettings(Settings):
    """Where the package is, and how to read what the standard leaves open."""

    location = text(
        "The zip, or the folder of loose files: a path, or an address that a transport can read.",
        required=True,
    )
    transport = table("How to reach the location: what the transport of its address asks for.")
    encoding = text("The encoding of the files, where it is not UTF-8 as the standard demands.")
    delimiter = text(
        "What stands between two cells, where it is not a comma.",
        default=",",
        pattern=r"(?s).\Z",
        pattern_says='This is not one character; write ";" or "\\t" for a tab.',
    )
    as_of = text("The day on which memberships are judged, as yyyy-mm-dd; today if not given.")
    max_age = number("Hold when the export is older than this many days.", least=1)
    required_files = texts("Files without which nothing is read.", default=("orgs", "users"))
    complete_without_manifest = flag("Believe that an export without a manifest holds everybody.")
    include_inactive = flag("Keep people marked `tobedeleted`, with the status inactive.", default=True)
    passwords = flag("Let columns with passwords in. Leave it out unless a vendor really takes them.")
    most_unpacked = number("Refuse a zip that unpacks to more than this many gigabytes.", default=4, least=1)

    @validates("encoding")
    def _known_encoding(self, value: str | None, **_: str) -> None:
        try:
            codecs.lookup(value or "utf-8")
        except LookupError as error:
            msg = f"No such encoding: {value}; allowed: utf-8, windows-1252, latin-1, utf-16 and the like."
            raise ValidationError(msg) from error

    @validates("as_of")
    def _day(self, value: str | None, **_: str) -> None:
        try:
            plain = value is None or date.fromisoformat(value).isoformat() == value
        except ValueError:
            plain = False
        if not plain:
            msg = "Not a day written as yyyy-mm-dd."
            raise ValidationError(msg)

    @validates("required_files")
    def _known_files(self, value: list[str], **_: str) -> None:
        unknown = sorted(set(value) - set(FILES))
        if unknown:
            msg = f"No such roster file: {', '.join(unknown)}; allowed: {', '.join(FILES)}."
            raise ValidationError(msg)
