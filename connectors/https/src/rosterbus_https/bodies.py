"""What a request carries: a few bytes, a form, or a file of which no more than a piece is held at a time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from rosterbus.deliveries import StagedFile
from rosterbus.errors import ConnectorError

PIECE = 64 * 1024
BINARY = "application/octet-stream"
Declare = Callable[[], None]
Progress = Callable[[int], None]


class Body(Protocol):
    """The bytes of a request; asked for once. `length` counts them."""

    content_type: str

    @property
    def length(self) -> int:
        """How many bytes it has."""

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes."""


class Declaring(Body, Protocol):
    """A body with a point from which the server may have taken it: `declared` tells whether that was reached."""

    declared: bool


class Content:
    """A few bytes, such as a marker's; with `declare` they count as taken from the moment that they go."""

    def __init__(
        self, content: bytes, content_type: str = BINARY, *, declare: Declare = lambda: None
    ) -> None:
        self.content_type, self.declared = content_type, False
        self._content, self._declare = content, declare

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes."""
        self._declare()
        self.declared = True
        yield self._content


class Upload:
    """A whole file as it is.

    A server can do nothing with a file that is not all there. So everything can be taken back until the last piece:
    only before that one is `declare` called, and only if the bytes are those of the plan.
    """

    def __init__(
        self, file: StagedFile, *, declare: Declare, progress: Progress, content_type: str = BINARY
    ) -> None:
        self.content_type, self.declared = content_type, False
        self._file, self._declare, self._progress = file, declare, progress

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self._file.bytes

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes."""
        held, done = b"", 0
        for piece in checked(self._file):
            if held:
                yield held
                done += len(held)
                self._progress(done)
            held = piece
        self._declare()
        self.declared = True
        yield held
        self._progress(done + len(held))


class Form:
    """The fields of a form, as ``curl -F`` writes them."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.boundary = f"------------------------{secrets.token_hex(8)}"
        self.content_type = f"multipart/form-data; boundary={self.boundary}"
        self._fields = "".join(map(self._field, fields, fields.values())) + f"--{self.boundary}--\r\n"

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return len(self._fields.encode("utf-8"))

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes."""
        yield self._fields.encode("utf-8")

    def _field(self, name: str, value: str) -> str:
        return f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


class FormUpload(Form):
    """A file in a form, and then its fields, without which the server can begin nothing.

    So everything can be taken back until the file is through: only then is `declare` called, and only if the bytes
    were those of the plan.
    """

    def __init__(
        self,
        fields: Mapping[str, str],
        file: StagedFile,
        *,
        name: str,
        declare: Declare,
        progress: Progress,
    ) -> None:
        super().__init__(fields)
        self.declared = False
        self._file, self._declare, self._progress = file, declare, progress
        self._head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {BINARY}\r\n\r\n"
        ).encode()

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return len(self._head) + self._file.bytes + len(b"\r\n") + super().length

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes."""
        yield self._head
        done = 0
        for piece in checked(self._file):
            yield piece
            done += len(piece)
            self._progress(done)
        self._declare()
        self.declared = True
        yield b"\r\n"
        yield from super().__iter__()


def checked(file: StagedFile) -> Iterator[bytes]:
    """The pieces of a file; raises ConnectorError after the last one where they are not those of the plan."""
    digest = hashlib.sha256()
    with file.path.open("rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != file.sha256:
        raise ConnectorError(f"{file.name} was changed while it was sent; nothing was started")
