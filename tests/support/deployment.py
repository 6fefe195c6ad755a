"""A deployment in memory whose ops API listens on the loopback, for the commands that go through it. A command that
asks a second time for what it waits for finds that time has passed: nobody waits for a real clock.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chalicelib.cli import _checkups as checkups
from chalicelib.cli.main import main
from chalicelib.core.calls import Call, Reply
from tests.support.keeper import at_the_door
from tests.support.opsdesk import HOOK_URL, POLICY, Ops
from tests.support.world import World

Streams = pytest.CaptureFixture[str]
WAITED = timedelta(minutes=5)


class Deployment:
    """An ops API that listens, its far end, and what it was asked."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.ops = Ops(self.world)
        if world is None:
            self.world.shop.answer = self._far_end
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                path = self.path.partition("?")[0]
                outer.asked.append(f"{self.command} {path}")
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.work(f"{self.command} {path}")
                status, told = outer.ops.raw(self.command, self.path, body, headers)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: what goes to standard error is looked at."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def work(self, asked: str) -> None:
        """Carry out what waits; a question that was asked before too has been waited for."""
        if (asked.startswith("GET /connections/") and "/checkups/" in asked) or asked.endswith("/lift"):
            self.world.run()
            if self.asked[-2:] == [asked, asked]:
                self.world.pass_time(WAITED)

    def _far_end(self, call: Call) -> Reply:
        if call.url.startswith(HOOK_URL):
            return at_the_door(self.world, call)
        return Reply(200, {}, b"[]" if call.url.endswith("/look") else b'{"state": "done"}')

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def serve(made: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have commands find it, in a directory of their own; they ask again at once."""
    monkeypatch.setattr(checkups, "FIRST", 0.002)
    monkeypatch.setattr(checkups, "LONGEST", 0.01)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDRESS_URL", made.url)
    monkeypatch.setenv("REDRESS_KEY", made.ops.keys["admin"])


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment()
    serve(made, monkeypatch, tmp_path)
    (tmp_path / "house.yaml").write_text(POLICY)
    yield made
    made.close()


def out(streams: Streams) -> Any:
    """The JSON on standard output; log lines of the deployment, which is in this process, stand before it."""
    lines = streams.readouterr().out.splitlines()
    start = next(index for index, line in enumerate(lines) if line in ("{", "["))
    return json.loads("\n".join(lines[start:]))


def run(streams: Streams, *words: str, code: int = 0) -> Any:
    """What a command answers in JSON, and its exit code."""
    assert main([*words, "--json"]) == code
    return out(streams)
