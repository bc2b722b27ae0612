"""A depot on this machine: boxes of files behind a door that speaks a line at a time, and proves who it is."""

import contextlib
import hashlib
import secrets
import socketserver
import threading
from datetime import UTC, datetime
from pathlib import Path

from rosterbus.deliveries import Seen, Twin, TwinAnswer
from rosterbus.private import private_folder, write_private_text
from rosterbus.secrets import SecretReference

PAGE = "https://depot.example.org/"
LOOPBACK = "127.0.0.1"
SECONDS = 10


class Depot:
    """Its files are in memory by name; a box is taken as soon as it has a marker, or a file and no use for a marker."""

    def __init__(self, folder: Path, marked: bool) -> None:
        self.marked, self.port = marked, 0
        self.identity = secrets.token_hex(8)
        self.password = write_private_text(private_folder(folder) / "password", "open-sesame")
        self.files: dict[str, bytes] = {}
        self.arrived: dict[str, bytes] = {}
        self.seen: list[Seen] = []
        self.wrong = ""
        self._told: list[dict] = []

    def note(self, what: str, name: str = "") -> None:
        content = self.arrived.get(name)
        digest = "" if content is None else hashlib.sha256(content).hexdigest()
        self.seen.append(Seen(datetime.now(UTC), what, name, len(content or b""), digest))

    def start(self) -> None:
        self._server = Server((LOOPBACK, self.port), Door)
        self._server.depot, self.port = self, self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settle(self) -> list[dict]:
        boxes: dict[str, list[str]] = {}
        for name in sorted(self.files):
            boxes.setdefault(name.partition("/")[0], []).append(name)
        for box, names in boxes.items():
            if f"{box}/MARK" in names if self.marked else not names[0].endswith(".part"):
                taken = {name: self.files.pop(name) for name in names}
                rows = sum(
                    one.decode("utf-8").count("\r\n") - 1 for name, one in taken.items() if "csv" in name
                )
                self._told.append({"box": box, "rows": rows, "refused": 0, "active": {"students": rows}})
        return list(self._told)

    @contextlib.contextmanager
    def doing(self, wrong: str):
        self.wrong = wrong
        yield
        self.wrong = ""

    @contextlib.contextmanager
    def replaced(self):
        """Somebody else has the depot's address, and opens to everybody."""
        own, told, self.identity = self.identity, len(self.seen), secrets.token_hex(8)
        yield lambda: [one.what for one in self.seen[told:]]
        self.identity = own


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    depot: Depot


class Door(socketserver.StreamRequestHandler):
    timeout = SECONDS

    def handle(self) -> None:
        self.depot = self.server.depot
        self.depot.note("connected")
        self.say(f"DEPOT {self.depot.identity}")
        with contextlib.suppress(OSError):
            while (words := self.rfile.readline().split()) and self.answers(*map(bytes.decode, words)):
                pass

    def answers(self, verb: str, name: str, size: str = "0") -> bool:
        if verb == "OPEN":
            self.depot.note("logged in")
            return self.say("OK" if name == self.depot.password.read_text(encoding="utf-8") else "NO")
        if verb == "HAS":
            return self.say("OK" if name in self.depot.arrived else "NO")
        if verb == "MOVE":
            final = name.removesuffix(".part")
            self.depot.files[final] = self.depot.files.pop(name)
            return self.done("renamed", final, self.depot.files[final])
        content = self.rfile.read(int(size))
        if len(content) < int(size):
            return False
        if self.depot.wrong == "disk full" and content:
            return self.say("FULL")
        self.depot.files[name] = content
        return self.done("wrote", name, content)

    def done(self, what: str, name: str, content: bytes) -> bool:
        self.depot.arrived[name] = content
        self.depot.note(what, name)
        last = name.endswith("/MARK") or not (self.depot.marked or name.endswith(".part"))
        return not (last and self.depot.wrong == "answer lost") and self.say("OK")

    def say(self, line: str) -> bool:
        self.wfile.write(f"{line}\n".encode())
        return True


def start(folder: Path, settings: dict) -> Twin:
    """Open a depot of the kind that the settings want."""
    depot = Depot(folder, settings.get("marked", True))
    depot.start()
    secret = SecretReference("file", str(depot.password), own=True)
    return Twin(
        name="depot",
        settings={"port": depot.port, "identity": depot.identity, "password": secret},
        reach=[f"nc {LOOPBACK} {depot.port}"],
        stop=depot.stop,
        settle=depot.settle,
        answers=[TwinAnswer("a box with a marker is taken", "published", PAGE)],
        folder=folder,
        seen=lambda: list(depot.seen),
        received=lambda name: depot.arrived[name],
        port=depot.port,
        through=lambda port: {"port": port},
        faults={
            "stranger": depot.replaced,
            "disk full": lambda: depot.doing("disk full"),
            "answer lost": lambda: depot.doing("answer lost"),
        },
    )
