"""What huggingface_hub asks of the Hub to give and to take a model, answered on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_letmein"


@dataclass
class Hub:
    """What the server holds: the files of each repository by their commits, which ones are gated, what was asked."""

    address: str = ""
    commits: dict[str, list[dict[str, bytes]]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def sha(self, repository: str, index: int) -> str:
        return hashlib.sha1(f"{repository} {index}".encode()).hexdigest()

    def files(self, repository: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commits = self.commits.get(repository, [])
        for index, files in enumerate(commits):
            if revision == self.sha(repository, index) or (revision == "main" and index == len(commits) - 1):
                return self.sha(repository, index), files
        return None


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self) -> None:
        hub, path, body = self.hub, unquote(urlsplit(self.path).path).strip("/").split("/"), self._body()
        hub.asked.append((self.command, self.path, self.headers.get("Authorization") or ""))
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if path[:2] == ["api", "repos"]:
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            if not known:
                return self._error(401, "")
            hub.commits.setdefault(name, [{}])
            if asked.get("visibility") == "private" or asked.get("private"):
                hub.private.add(name)
            return self._json({"url": f"{hub.address}/{name}", "name": name, "id": name})
        if path[:2] == ["api", "validate-yaml"]:
            return self._json({"errors": [], "warnings": []})
        if path[:2] == ["api", "whoami-v2"]:
            return self._json({"name": "me", "orgs": [], "auth": {"accessToken": {"role": "write"}}})
        name = "/".join(path[2:4]) if path[0] == "api" else "/".join(path[:2])
        if name not in hub.commits:
            return self._error(404, "RepoNotFound")
        if name in hub.gated and not known:
            return self._error(401, "GatedRepo")
        rest = path[4:] if path[0] == "api" else path[2:]
        revision = rest[1] if len(rest) > 1 else "main"
        found = hub.files(name, revision)
        if found is None:
            return self._error(404, "RevisionNotFound")
        sha, files = found
        if rest[:1] == ["preupload"]:
            modes = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(body)["files"]
            ]
            return self._json({"files": modes})
        if rest[:1] == ["commit"]:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            added = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            hub.commits[name].append({**files, **added})
            sha = hub.sha(name, len(hub.commits[name]) - 1)
            return self._json({"success": True, "commitOid": sha, "commitUrl": f"{hub.address}/{name}/commit/{sha}"})
        if rest[:1] == ["tree"]:
            return self._json(
                [
                    {"type": "file", "path": one, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for one, data in files.items()
                ]
            )
        if rest[:1] == ["resolve"]:
            one = "/".join(rest[2:])
            if one not in files:
                return self._error(404, "EntryNotFound")
            return self._send(
                200, files[one], {"X-Repo-Commit": sha, "ETag": f'"{hashlib.sha1(files[one]).hexdigest()}"'}
            )
        siblings = [{"rfilename": one} for one in files]
        return self._json(
            {"id": name, "modelId": name, "sha": sha, "siblings": siblings, "private": name in hub.private}
        )

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code} if code else {})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def hub_on_loopback() -> Iterator[Hub]:
    """The Hub, at an address of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
