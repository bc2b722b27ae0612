"""What a delivery to SameGoal needs to know: the SFTP account, its two folders, and how files are handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow
from marshmallow import fields
from rosterbus import settings
from rosterbus_sftp import SFTPSettings

from rosterbus_samegoal.published import PROCESSED, UPLOAD


class RemoteFolder(fields.String):
    """A folder on the server, kept without a slash at its end."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **options)
        folder = (text or "").rstrip("/")
        if not folder:
            raise marshmallow.ValidationError("this is no folder of its own; SameGoal's are called /upload")
        return folder


def _folder(about: str, default: str) -> RemoteFolder:
    return RemoteFolder(load_default=default, metadata={"about": about})


class Settings(SFTPSettings):
    """The account and what is particular to SameGoal; the path of a `location` is the setting `upload`."""

    class Meta(SFTPSettings.Meta):
        exclude = ("folder",)

    path_setting: ClassVar[str] = "upload"

    upload = _folder("The folder that SameGoal watches; the only one it lets us write to.", UPLOAD)
    processed = _folder("The folder to which SameGoal moves an epoch once it has taken it.", PROCESSED)
    mode = settings.text(
        'How files are handed over: "epoch" (a folder with COMPLETE, written last) or "auto" (files named '
        "*_auto.csv, where the district cannot make folders; a weaker promise).",
        default="epoch",
        choices=("epoch", "auto"),
    )
    guardians = settings.flag("Send guardians.csv beside students.csv.", default=True)
    # The article: an epoch "may be processed immediately or take several hours". A day is past "several hours".
    overdue_hours = settings.number(
        "After how many hours an epoch that SameGoal has not taken counts as overdue.", default=24, least=1
    )

    @marshmallow.validates_schema
    def _apart(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["upload"] == data["processed"]:
            raise marshmallow.ValidationError(
                {"processed": ["this is the upload folder; nobody could tell what SameGoal has taken"]}
            )
