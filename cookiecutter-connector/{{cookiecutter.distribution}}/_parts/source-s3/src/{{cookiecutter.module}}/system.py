"""{{ cookiecutter.system }} on this machine: a bucket with the export of a made-up district."""

from __future__ import annotations

from pathlib import Path

from rosterbus.deliveries import Twin
from rosterbus.private import private_folder
from rosterbus_s3.server import S3Server

from {{ cookiecutter.module }}.exports import ANSWERS, exported

BUCKET, FOLDER = "rosters", "export"


def start(folder: Path) -> Twin:
    """Serve the export; a server started again over `folder` has the same keys."""
    server = S3Server(private_folder(folder) / "server", buckets=(BUCKET,))
    server.start()
    with server.admin(BUCKET) as store:
        for name, content in exported().items():
            store.client.put_object(Bucket=BUCKET, Key=f"{FOLDER}/{name}", Body=content)
    keys = ("region", "endpoint", "access_key_id", "secret_access_key")
    reader = {name: server.settings(admin=True)[name] for name in keys}
    return Twin(
        name="{{ cookiecutter.name }}",
        settings={"location": f"s3://{BUCKET}/{FOLDER}", "transport": reader},
        reach=[f"{server.endpoint}, bucket {BUCKET}, folder {FOLDER}"],
        stop=server.stop,
        settle=list,
        answers=ANSWERS,
        folder=folder,
    )
