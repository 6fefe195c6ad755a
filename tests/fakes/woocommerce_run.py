"""Runs levers and looks against a fake shop by the protocol of `base.Lever`; puts the shop behind a real socket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Absent, Command, Done, Finding, Later, Lever, Looking, Refused, Session, Steps
from chalicelib.ports.http import Uncertain, Unsent
from tests.fakes.woocommerce import FakeShop


def drive(steps: "Steps | Finding | Looking", send: Callable[[Call], Reply]) -> object:
    """Runs a generator of calls to its end. Uncertain and Unsent come out of it."""
    try:
        call = next(steps)
        while True:
            call = steps.send(send(call))
    except StopIteration as end:
        return end.value


def act(lever: Lever, session: Session, command: Command, shop: FakeShop, tries: int = 8) -> Done | Refused | str:
    """The protocol of `base.Lever`: after an unknown outcome `findable` is looked for, `never` is left to a person."""
    unknown = False
    for _ in range(tries):
        try:
            if unknown and lever.repeat == "never":
                return "unknown"
            if unknown and lever.repeat == "findable":
                assert lever.find is not None
                found = drive(lever.find(session, command), shop.send)
                if isinstance(found, Done):
                    return found
                if not isinstance(found, Absent):
                    continue
            unknown = False
            outcome = drive(lever.run(session, command), shop.send)
        except Unsent:
            continue
        except Uncertain:
            unknown = True
            continue
        assert isinstance(outcome, Done | Refused | Later)
        if not isinstance(outcome, Later):
            return outcome
    return "still later"


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
