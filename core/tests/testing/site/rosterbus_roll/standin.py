"""The roll on loopback, and all that it can do wrong."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from rosterbus.deliveries import Twin, TwinAnswer
from rosterbus.private import private_folder, write_private_text
from rosterbus.secrets import SecretReference

PAGE = "https://roll.example.org/"
COLUMNS = {"students": ["id", "name", "born"], "contacts": ["id", "student", "name"]}
TOKEN = "open-sesame"


class RollApi:
    """A server of two tables. `wrong` names what it does wrong just now."""

    def __init__(self, folder):
        students = [{"id": f"S{n}", "name": f"Name{n}", "born": "2015-03-04"} for n in range(20)]
        contacts = [{"id": f"C{n}", "student": f"S{n}", "name": f"Parent{n}"} for n in range(20)]
        self.tables = {"students": students, "contacts": contacts}
        self.revision, self.log, self.wrong = 1, [], ""
        self.changed_midway = False
        self.folder = private_folder(folder)

    def twin(self, *, any_token):
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(any_token))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        token = write_private_text(self.folder / "token", TOKEN)
        running = [server]

        def stop():
            while running:
                running[0].shutdown()
                running.pop().server_close()

        names = ["short page", "clamped pages", "error midway", "changes midway", "lost column", "zero rows"]
        names += ["repeated ids", "dangling references", "gap"]
        return Twin(
            name="roll",
            settings={
                "url": f"http://127.0.0.1:{server.server_port}",
                "token": SecretReference("file", str(token), own=True),
            },
            reach=[f"http://127.0.0.1:{server.server_port}/students"],
            stop=stop,
            settle=list,
            answers=[TwinAnswer("a page has a part of all rows", "published", PAGE)],
            folder=self.folder,
            extras={"change": lambda: self.rename(f"Newname{self.revision}")},
            faults={name: lambda name=name: self.doing(name) for name in names},
        )

    @contextmanager
    def doing(self, wrong):
        before = [dict(row) for row in self.tables["students"]], self.revision, list(self.log)
        self.wrong, self.changed_midway = wrong, False
        try:
            yield
        finally:
            self.wrong = ""
            self.tables["students"], self.revision, self.log = before

    def rename(self, name):
        for place in (0, -1):
            self.tables["students"][place]["name"] = name
            self.log.append((self.revision + 1, dict(self.tables["students"][place])))
        self.revision += 1

    def changes(self, since):
        if self.wrong == "gap":
            return 410, {}
        rows = [row for revision, row in self.log if revision > since]
        return 200, {"students": rows, "contacts": [], "revision": self.revision}

    def page(self, name, offset, limit):
        if self.wrong == "error midway" and offset:
            return 500, {}
        if self.wrong == "changes midway" and offset and not self.changed_midway:
            self.changed_midway = True
            self.rename("Changed")
        rows = self.rows(name)
        most = {"short page": limit if offset else 2, "clamped pages": 3}.get(self.wrong, limit)
        return 200, {"rows": rows[offset : offset + most], "total": len(rows), "revision": self.revision}

    def rows(self, name):
        rows = [dict(row) for row in self.tables[name]]
        match self.wrong:
            case "lost column":
                return [{column: cell for column, cell in row.items() if column != "name"} for row in rows]
            case "zero rows":
                return []
            case "repeated ids":
                return [*rows, {**rows[1], "id": rows[0]["id"]}]
            case "dangling references" if name == "students":
                return rows[1:]
        return rows

    def _handler(self, any_token):
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                split = urlsplit(self.path)
                asked = {name: int(values[0]) for name, values in parse_qs(split.query).items()}
                if not any_token and self.headers["Authorization"] != TOKEN:
                    code, told = 401, {}
                elif split.path == "/changes":
                    code, told = api.changes(asked["since"])
                else:
                    code, told = api.page(split.path[1:], asked["offset"], asked["limit"])
                content = json.dumps(told).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
