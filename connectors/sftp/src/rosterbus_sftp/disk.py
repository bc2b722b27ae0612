"""The disk of one user of a twin's server, with every fault that was asked for."""

from __future__ import annotations

import asyncio
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncssh

from rosterbus_sftp.arrivals import Writing

if TYPE_CHECKING:
    from rosterbus_sftp.server import SFTPServer


@dataclass
class Faults:
    """How the server misbehaves; may be changed while it runs, and everything off is the default.

    `cut_after` ends the connection once that many bytes were `written` in all, `full_after` is the size of
    the disk in the same bytes, `drop_after` ends the connection when a file of that name was created, before
    the client hears of it, and `drop_renamed` when something got a name that matches this regular expression;
    `delay` is in seconds for each block written, `silent` gives no answer at all.
    """

    cut_after: int | None = None
    full_after: int | None = None
    drop_after: str = ""
    drop_renamed: str = ""
    delay: float = 0.0
    silent: bool = False
    no_rename: bool = False
    no_posix_rename: bool = False
    write_only: bool = False


class Disk(asyncssh.SFTPServer):
    """One user's disk, with every fault that was asked for."""

    def __init__(self, server: SFTPServer, channel: asyncssh.SSHServerChannel[Any]) -> None:
        self._user: str = channel.get_extra_info("username")
        super().__init__(channel, chroot=os.fsencode(server.home(self._user)))
        self._server, self._faults = server, server.faults
        self._paths: dict[object, bytes] = {}
        self._writings: dict[object, Writing] = {}

    async def stat(self, path: bytes) -> Any:
        await self._stay_silent()
        return super().stat(path)

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self._stay_silent()
        if self._faults.write_only and pflags & asyncssh.FXF_READ:
            raise asyncssh.SFTPPermissionDenied("write only")
        local = Path(os.fsdecode(self.map_path(path)))
        kept = local if local.exists() and not pflags & asyncssh.FXF_TRUNC else None
        file = super().open(path, pflags, attrs)
        self._paths[file] = path
        self._note("create" if pflags & asyncssh.FXF_CREAT else "open", path)
        if pflags & asyncssh.FXF_WRITE:
            self._writings[file] = self._server.arrivals.begin(_text(path), kept)
        if self._faults.drop_after and path.endswith(b"/" + os.fsencode(self._faults.drop_after)):
            await self.close(file)
            self._drop()
        return file

    async def close(self, file_obj: object) -> None:
        self._note("close", self._paths.pop(file_obj))
        super().close(file_obj)
        if writing := self._writings.pop(file_obj, None):
            self._server.arrivals.end(writing)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._stay_silent()
        await asyncio.sleep(self._faults.delay)
        if self._faults.full_after is not None and self._server.written + len(data) > self._faults.full_after:
            raise asyncssh.SFTPFailure("no space left on device")
        self._server.written += len(data)
        self._note("write", self._paths[file_obj], len(data))
        count = super().write(file_obj, offset, data)
        self._writings[file_obj].write(offset, data)
        if self._faults.cut_after is not None and self._server.written >= self._faults.cut_after:
            self._drop()
        return cast(int, count)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> Any:
        self._note("mkdir", path)
        self._server.arrivals.note("made a folder", _text(path))
        return super().mkdir(path, attrs)

    def remove(self, path: bytes) -> Any:
        self._note("remove", path)
        self._server.arrivals.note("removed", _text(path))
        return super().remove(path)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._faults.no_rename:
            raise asyncssh.SFTPFailure("renaming is not allowed")
        self._note("rename", newpath)
        super().rename(oldpath, newpath)
        self._server.arrivals.rename(_text(oldpath), _text(newpath))
        self._answer_or_drop(newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._faults.no_rename or self._faults.no_posix_rename:
            raise asyncssh.SFTPOpUnsupported("posix-rename is not known")
        self._note("posix-rename", newpath)
        super().posix_rename(oldpath, newpath)
        self._server.arrivals.rename(_text(oldpath), _text(newpath))
        self._answer_or_drop(newpath)

    def _answer_or_drop(self, renamed: bytes) -> None:
        wanted = self._faults.drop_renamed
        if wanted and re.fullmatch(wanted, os.fsdecode(posixpath.basename(renamed))):
            self._drop()

    def _note(self, verb: str, path: bytes, size: int = 0) -> None:
        self._server.note(self._user, verb, _text(path), size)

    async def _stay_silent(self) -> None:
        while self._faults.silent:
            await asyncio.sleep(0.05)

    def _drop(self) -> None:
        self.connection.abort()
        raise asyncssh.SFTPConnectionLost("dropped")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
