"""The loopback server of the demo: the shops' APIs, and a subscriber that checks each escalation's signature.

It listens on 127.0.0.1 alone. A shop lives under `/NAME/`, the subscriber under `/alerts`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from chalicelib.core import signing
from chalicelib.core.calls import Reply
from examples.demo.feed import Called, Feed, Told
from examples.demo.shops.books import DemoShop, Request
from examples.demo.stage import Stage

HOST = "127.0.0.1"
ALERTS = "/alerts"
MAX_BODY = 1 << 20


class Storefront:
    """Answers for the shops of a stage and for the subscriber. Use it as a context manager."""

    def __init__(
        self, stage: Stage, feed: Feed, alerts_secret: str, now: Callable[[], datetime], port: int = 0
    ) -> None:
        self._stage, self._feed, self._secret, self._now = stage, feed, alerts_secret, now
        self._server = _Server((HOST, port), _handler(self._answer))
        self._thread = Thread(target=self._server.serve_forever, name="storefront", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> "Storefront":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> Reply:
        name = request.path.split("/")[1].partition("?")[0]
        if request.path == ALERTS:
            return self._alert(request)
        shop = self._stage.shops.get(name)
        return self._shop(shop, request) if shop is not None else Reply(404, {}, b"{}")

    def _shop(self, shop: DemoShop, request: Request) -> Reply:
        try:
            done = self._stage.ask(shop, request)
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            self._feed.put(Called(self._now(), shop.name, f"broken call: {type(error).__name__}", "", "400", False))
            return Reply(400, {}, b"{}")
        status = str(done.reply.status)
        self._feed.put(Called(self._now(), shop.name, done.what, done.subject, status, done.changed))
        return done.reply

    def _alert(self, request: Request) -> Reply:
        refusal = signing.verify(request.headers, request.body, [self._secret], self._now())
        if refusal is not None:
            self._feed.put(Told(self._now(), {}, refusal.reason))
            return Reply(401, {}, b"")
        self._feed.put(Told(self._now(), json.loads(request.body), ""))
        return Reply(204, {}, b"")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(answer: Callable[[Request], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = self.headers.get("content-length", "0")
            if not length.isdecimal() or int(length) > MAX_BODY:
                self._write(Reply(413, {}, b""))
                return
            raw = self.rfile.read(int(length))
            named: Mapping[str, str] = {name.lower(): value for name, value in self.headers.items()}
            self._write(answer(Request(self.command, self.path, named, raw)))

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def _write(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
