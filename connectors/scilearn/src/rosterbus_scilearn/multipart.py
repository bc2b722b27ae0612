"""The body of a request as ``curl -F`` writes it: the file first, then login and password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping

from rosterbus.deliveries import StagedFile
from rosterbus.errors import ConnectorError

PIECE = 64 * 1024
Progress = Callable[[int], None]


class Form:
    """Login and password; what `status` and `cancel` are sent."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.boundary = f"------------------------{secrets.token_hex(8)}"
        self._fields = "".join(map(self._field, fields, fields.values())) + f"--{self.boundary}--\r\n"

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return len(self._fields.encode("utf-8"))

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes; asked once."""
        yield self._fields.encode("utf-8")

    def _field(self, name: str, value: str) -> str:
        return f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


class Upload(Form):
    """A file, and then login and password, without which nobody can begin an update.

    So everything can be taken back until the file is through: only then is `declare` called, and only if the bytes
    were those of the plan. `declared` tells whether that point was reached.
    """

    def __init__(
        self,
        fields: Mapping[str, str],
        file: StagedFile,
        *,
        name: str,
        declare: Callable[[], None],
        progress: Progress,
    ) -> None:
        super().__init__(fields)
        self.declared = False
        self._file, self._declare, self._progress = file, declare, progress
        self._head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return len(self._head) + self._file.bytes + len(b"\r\n") + super().length

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes, of which no more than a piece is held at a time; asked once."""
        yield self._head
        digest, done = hashlib.sha256(), 0
        with self._file.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
                digest.update(piece)
                done += len(piece)
                self._progress(done)
        if digest.hexdigest() != self._file.sha256:
            raise ConnectorError(f"{self._file.name} was changed while it was sent; nothing was started")
        self._declare()
        self.declared = True
        yield b"\r\n"
        yield from super().__iter__()
