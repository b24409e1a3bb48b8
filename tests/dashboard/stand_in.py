"""A stand-in for W&B's server on 127.0.0.1."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse


class Server(ThreadingHTTPServer):
    """Answers GraphQL by the operation's name and remembers what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.operations, self.unknown = list[str](), list[str]()
        self.views, self.uploads, self.rows = dict[str, Any](), dict[str, bytes](), list[Any]()
        self.config: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no failure of a test."""

    def answer(self, name: str, variables: dict[str, Any]) -> Any:
        project = {
            "id": "p",
            "name": "qm9",
            "internalId": "1",
            "entity": {"name": "team"},
            "entityName": "team",
            "createdAt": "2024-01-01T00:00:00Z",
            "isBenchmark": False,
            "user": None,
        }
        run = {
            "id": "r",
            "name": variables.get("name"),
            "displayName": "r",
            "historyLineCount": 0,
            "project": project,
        }
        answers = {
            "Viewer": {
                "viewer": {"id": "v", "entity": "team", "username": "u", "flags": "{}", "teams": {"edges": []}}
            },
            "View": {"project": {"allViews": {"edges": self.find_views(variables.get("viewName"))}}},
            "GetDefaultEntity": {"viewer": {"id": "v", "entity": "team"}},
            "ProjectViews": lambda: self.reports(variables),
            "UpsertView2": lambda: self.upsert(variables),
            "upsertView": lambda: self.upsert(variables),
            "ProjectInternalId": {"project": {"internalId": "UHJvamVjdEludGVybmFsSWQ6MQ=="}},
            "GetProjects": {
                "models": {
                    "edges": [{"node": project, "cursor": "c"}],
                    "pageInfo": {"hasNextPage": False, "endCursor": None},
                }
            },
            "UpsertBucket": {"upsertBucket": {"bucket": run, "inserted": True}},
            "RunResumeStatus": {
                "model": {"id": "p", "name": "qm9", "entity": {"id": "e", "name": "team"}, "bucket": None}
            },
            "CreateRunFiles": lambda: self.offer(variables),
            # A table is an artifact, too: committed, as one that the server has had before.
            "CreateArtifact": {
                "createArtifact": {
                    "artifact": {
                        "id": "a",
                        "state": "COMMITTED",
                        "artifactSequence": {"id": "s", "latestArtifact": {"id": "a", "versionIndex": 0}},
                    }
                }
            },
            "ServerFeaturesQuery": {"serverInfo": {"features": []}},
            "OrganizationCoreWeaveOrganizationID": {"entity": {"organization": None}},
        }
        if name not in answers:
            return None
        found = answers[name]
        return found() if callable(found) else found

    def find_views(self, name: str | None) -> list[dict[str, Any]]:
        return [
            {"node": {"id": v["id"], "displayName": v["displayName"], "spec": v["spec"]}}
            for v in self.views.values()
            if v["name"] == name
        ]

    def reports(self, variables: dict[str, Any]) -> dict[str, Any]:
        found = [view for view in self.views.values() if view["type"] == "runs"]
        nodes = [{"node": view | {"user": {}, "updatedAt": "", "previewUrl": None, "project": {}}} for view in found]
        page = {"hasNextPage": False, "endCursor": None}
        return {"project": {"allViews": {"edges": nodes, "pageInfo": page}}}

    def upsert(self, variables: dict[str, Any]) -> dict[str, Any]:
        identity = variables.get("id") or f"view-{len(self.views)}"
        inserted = identity not in self.views
        self.views[identity] = {**variables, "id": identity}
        view = {key: variables.get(key) for key in ("name", "displayName", "description", "type", "spec")}
        return {"upsertView": {"view": {"id": identity, **view}, "inserted": inserted}}

    def offer(self, variables: dict[str, Any]) -> dict[str, Any]:
        files = [{"name": name, "uploadUrl": f"{self.address}/upload/{name}"} for name in variables["files"]]
        return {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlparse(self.path).path
        if path == "/graphql":
            self.graphql(json.loads(body))
        elif "file_stream" in path:
            files = json.loads(body).get("files") or {}
            history = files.get("wandb-history.jsonl", {}).get("content", [])
            self.server.rows += [json.loads(line) for line in history]
            self.reply({})
        else:
            self.server.unknown.append(f"POST {path}")
            self.reply({})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.uploads[urlparse(self.path).path.removeprefix("/upload/")] = body
        self.reply({})

    def do_GET(self) -> None:
        self.server.unknown.append(f"GET {self.path}")
        self.reply({})

    def graphql(self, asked: dict[str, Any]) -> None:
        found = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
        assert found is not None
        name = found.group(1)
        variables = asked.get("variables") or {}
        self.server.operations.append(name)
        answer = self.server.answer(name, variables)
        if answer is None:
            self.server.unknown.append(name)
            self.reply({"errors": [{"message": f"{name} is unknown"}]})
        else:
            self.reply({"data": answer})

    def reply(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output its own."""
