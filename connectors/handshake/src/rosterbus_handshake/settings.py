"""What a school agrees with Handshake, and where Handshake told it to upload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow
from marshmallow import fields, validate
from rosterbus import settings
from rosterbus_s3 import S3Settings

from rosterbus_handshake.published import BUCKET, KEY_CHARACTERS, REGION

CREDENTIALS = ("access_key_id", "secret_access_key", "ambient")
_FOLDER = validate.Regexp(
    rf"{KEY_CHARACTERS}+(/{KEY_CHARACTERS}+)*/?\Z",
    error="Handshake takes letters, digits and ! - _ . * ' ( ) here, such as importer-production-springfield",
)
_DOMAIN = validate.Regexp(
    r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z", error="this is no domain in small letters, such as springfield.edu"
)


class Settings(S3Settings):
    """The settings of one delivery to Handshake; those of the S3 transport stand beside them."""

    class Meta(S3Settings.Meta):
        # The folder has Handshake's own name here.
        exclude = ("folder",)

    path_setting: ClassVar[str] = "bucket_folder"

    bucket = settings.text("Handshake's bucket.", default=BUCKET)
    bucket_folder = fields.String(
        required=True,
        validate=_FOLDER,
        metadata={"about": "The folder that Handshake gave the school: importer-production-<school>."},
    )
    region = settings.text("The bucket's region, always this one.", default=REGION, choices=(REGION,))
    cadence = settings.text(
        "How often Handshake has agreed to take a file.",
        default="weekly",
        choices=("weekly", "monthly", "semesterly"),
    )
    stage = settings.text(
        "How far the trial with Handshake has come: `test files` sends no live file, `watched` sends live "
        "files that Handshake's people watch, `auto-run` is after the trial.",
        default="auto-run",
        choices=("test files", "watched", "auto-run"),
    )
    leavers = settings.text(
        "Who leaves the roster is `kept` as Handshake has them, or sent once more as `disabled`.",
        default="kept",
        choices=("kept", "disabled"),
    )
    institution_domains = fields.List(
        fields.String(validate=_DOMAIN),
        load_default=list,
        metadata={"about": "The .edu domains that belong to the school; rows with any other are refused."},
    )
    labels = settings.flag(
        "Send the column system_label_names, where a blank takes all system labels away from the student."
    )
    alumni = settings.flag("The file is of alumni: at most monthly, and of the last six months only.")

    @marshmallow.pre_load
    def _as_the_aws_command(self, data: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:
        """Without keys, take those of the `aws` command, which Handshake has the school set up."""
        transport = data.get("transport")
        given = {**data, **transport} if isinstance(transport, Mapping) else data
        return data if any(name in given for name in CREDENTIALS) else {**data, "ambient": True}

    @marshmallow.validates_schema
    def _keeps_alumni(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["alumni"] and data["leavers"] == "disabled":
            told = "alumni leave their file after six months, and would be disabled then; write `kept`"
            raise marshmallow.ValidationError({"leavers": [told]})
