"""A server on this machine that plays a script: what the tests of the hardened client talk to."""

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType

Script = Callable[[socket.socket], None]
"""What to do once the request has been read; the connection is closed afterwards."""


def says(*parts: bytes) -> Script:
    """Sends these bytes."""

    def script(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return script


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> Script:
    """An ordinary HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def waits(connection: socket.socket) -> None:
    """Says nothing until the other side hangs up."""
    connection.recv(1)


class Loopback:
    """Accepts one connection after another; `requests` are the bytes that came, `names` the names asked for in TLS.

    `deaf`: the script runs at once, without reading a request (and without TLS).
    """

    def __init__(
        self,
        script: Script,
        *,
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
        deaf: bool = False,
    ) -> None:
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._script = script
        self._context = context
        self._deaf = deaf
        if context is not None:
            context.sni_callback = self._named
        self._done = threading.Event()
        self._listener = socket.create_server((address, port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Loopback":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._done.set()
        # close() alone does not wake a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _named(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.names.append(name)

    def _serve(self) -> None:
        while not self._done.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(10)
                try:
                    self._play(connection)
                except (OSError, ValueError):
                    continue

    def _play(self, connection: socket.socket) -> None:
        if self._deaf:
            self._script(connection)
            return
        if self._context is None:
            self._talk(connection)
            return
        with self._context.wrap_socket(connection, server_side=True) as secure:
            self._talk(secure)

    def _talk(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        wanted = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < wanted:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        self._script(connection)
