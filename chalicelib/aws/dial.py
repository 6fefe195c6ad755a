"""One connection to checked addresses under one deadline: what the hardened client puts under requests and urllib3.

It must dial only the addresses it was given (no second look-up, which closes DNS rebinding), and no connect, handshake,
write or read may outlast the call's deadline, however slowly the other side drips.
Facts: urllib3 2's connection classes; the pool keeps the host's name, so Host, SNI and the certificate check keep it.
"""

import io
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


@dataclass(slots=True)
class Trip:
    """One call on its way. `deadline` is on the `monotonic` clock, in seconds; `step` bounds each connect and read.

    `connected` turns true once the connection (and its TLS) stands, so before any byte of the request is written.
    """

    addresses: Sequence[str]
    port: int
    deadline: float
    connect_step: float
    read_step: float
    monotonic: Callable[[], float]
    connected: bool = False

    def left(self, step: float) -> float:
        """Seconds that the next operation may take. Raises TimeoutError when the deadline has passed."""
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise TimeoutError("the call's deadline has passed")
        return min(step, left)

    def dial(self) -> socket.socket:
        """A connection to the first of the addresses that answers. Raises OSError."""
        failure: OSError = OSError("no address")
        for address in self.addresses:
            try:
                made = socket.create_connection((address, self.port), timeout=self.left(self.connect_step))
            except OSError as error:
                failure = error
                continue
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A handshake that follows takes its time-out, in all, from the socket.
            made.settimeout(max(self.deadline - self.monotonic(), 0.001))
            return made
        raise failure

    def arrive(self, sock: socket.socket) -> socket.socket:
        """Marks the connection as standing and puts every later operation on it under the deadline."""
        self.connected = True
        # http.client and urllib3 use no more of a socket than _TimedSocket has.
        return cast(socket.socket, _TimedSocket(sock, self))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, trip: Trip) -> None:
        self._sock = sock
        self._trip = trip
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._sock.settimeout(self._trip.left(self._trip.read_step))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    def __init__(self, sock: socket.socket, trip: Trip) -> None:
        self._sock = sock
        self._trip = trip

    def sendall(self, data: "ReadableBuffer") -> None:
        rest = memoryview(data).cast("B")
        while rest:
            self._sock.settimeout(self._trip.left(self._trip.read_step))
            rest = rest[self._sock.send(rest) :]

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._trip))

    def settimeout(self, value: float | None) -> None:
        """Only the trip sets time-outs."""

    def fileno(self) -> int:
        return self._sock.fileno()

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()


class _Plain(HTTPConnection):
    def __init__(self, host: str, port: int | None = None, *, trip: Trip, **options: Any) -> None:
        super().__init__(host, port, **options)
        self.trip = trip

    def _new_conn(self) -> socket.socket:
        return self.trip.dial()

    def connect(self) -> None:
        super().connect()
        self.sock = self.trip.arrive(self.sock)


class _Tls(HTTPSConnection):
    def __init__(self, host: str, port: int | None = None, *, trip: Trip, **options: Any) -> None:
        super().__init__(host, port, **options)
        self.trip = trip

    def _new_conn(self) -> socket.socket:
        return self.trip.dial()

    def connect(self) -> None:
        super().connect()
        self.sock = self.trip.arrive(self.sock)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


def pool(host: str, trip: Trip, context: ssl.SSLContext | None) -> HTTPConnectionPool:
    """A pool for one call to `host`; with a context it speaks TLS, and the certificate must be valid for `host`."""
    if context is None:
        return _PlainPool(host, trip.port, maxsize=1, trip=trip)
    return _TlsPool(host, trip.port, maxsize=1, trip=trip, ssl_context=context)


def outer_context(cafile: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, certificates required and checked against the host; nothing of it comes from the environment.

    `cafile`: a PEM file of the authorities to trust.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A common name is free text; a certificate speaks for the names and addresses that it lists.
    context.hostname_checks_common_name = False
    context.load_verify_locations(cafile)
    context.set_alpn_protocols(["http/1.1"])
    return context
