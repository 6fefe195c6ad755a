"""Puts a fake shop behind a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from chalicelib.core.calls import Call
from tests.fakes.woocommerce import FakeShop


@contextmanager
def served(shop: FakeShop) -> Iterator[str]:
    """The same shop behind a real loopback server; gives its base address."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = shop.send(Call(self.command, f"{shop.base}{self.path}", headers, raw))
            self.send_response_only(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    shop.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop.base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
