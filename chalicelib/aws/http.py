"""The one hardened client: every request that Redress sends to a shop, a subscriber or a look_url leaves here.

It must never reach an inner network, follow a redirect, obey a proxy from the environment, keep a cookie, repeat a
request, or say in an error or a log line more than method and origin. Each call has a connection of its own: a kept one
that the other side has closed would turn calls that nobody saw into uncertain ones.
Facts: security checklist ("calling out"), style sheet (svix, requests-hardened), DESIGN law 12.
"""

import ipaddress
import logging
import queue
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException, IncompleteRead

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import BaseHTTPResponse, HTTPConnectionPool

from chalicelib.aws import dial, guard
from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent

Resolver = Callable[[str], Sequence[str]]
"""A host name -> its addresses as text. Raises OSError where there are none."""

MAX_BODY = 64 * 1024
LARGEST = 1024 * 1024
"""Bytes of an answer: usually, and for a call that asks for more."""
CONNECT = 5.0
READ = 30.0
LONGEST = 60.0
"""Seconds: the most for one connect, for one read, for a whole call whatever it asks for."""
MAX_URL = 8192
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

# urllib3 logs URLs with their queries, where some platforms want the access token.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# These belong to the connection, which is ours: with them a caller could smuggle a second request or another host.
_OURS = frozenset(
    {"host", "connection", "keep-alive", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
    | {"accept-encoding", "proxy-authorization", "proxy-connection"}
)


class HardenedHttp:
    """`ports.http.Http` over requests. Safe to share between threads; holds nothing of any call.

    `allow_hosts`: hosts in normal form (`guard.read_hosts`) that may be inner, by http and on any port.
    `ports`: where https may go. `resolve` is called once for each call. `max_body` bounds the answer's body in bytes,
    as sent and as decompressed. `context`: whom to trust instead of certifi's authorities (tests, private shops).
    """

    def __init__(
        self,
        allow_hosts: frozenset[str] = frozenset(),
        *,
        ports: frozenset[int] = frozenset({443}),
        resolve: Resolver | None = None,
        max_body: int = MAX_BODY,
        context: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allow_hosts = allow_hosts
        self._ports = ports
        self._resolve = resolve or system_addresses
        self._max_body = max_body
        self._context = context or dial.outer_context(certifi.where())
        self._monotonic = monotonic

    def send(self, call: Call) -> Reply:
        """Sends one call and reads its whole answer, whatever its status (a redirect is an answer too).

        Raises Unsent where no byte of the request left (refused, no address, no connection, no TLS), Uncertain once
        the connection stood and no complete answer came within `call.timeout` seconds in all and `max_body` bytes.
        """
        deadline = self._monotonic() + min(call.timeout, LONGEST)
        try:
            _check(call)
            target = guard.read_url(call.url, self._allow_hosts, self._ports)
            addresses = self._addresses(target, deadline)
        except guard.Forbidden as error:
            problem = str(error)
        else:
            return self._exchange(call, target, addresses, deadline)
        raise Unsent(f"{_shown(call.method)}: {problem}")

    def _addresses(self, target: guard.Target, deadline: float) -> list[str]:
        if target.address is not None:
            return [str(target.address)]
        try:
            found = _in_time(lambda: self._resolve(target.host), deadline - self._monotonic())
            addresses = [ipaddress.ip_address(text) for text in found]
        except (OSError, ValueError):
            addresses = []
        if not addresses:
            raise guard.Forbidden(f"no address for {target.host}")
        guard.check_addresses(addresses, target.allowed)
        return [str(address) for address in dict.fromkeys(addresses)]

    def _exchange(self, call: Call, target: guard.Target, addresses: Sequence[str], deadline: float) -> Reply:
        trip = dial.Trip(addresses, target.port, deadline, CONNECT, READ, self._monotonic)
        pool = dial.pool(target.host, trip, self._context if target.scheme == "https" else None)
        adapter = _Adapter(pool, target.path)
        try:
            with adapter.send(_prepared(call, target), stream=True) as answer:
                return _reply(answer, max(self._max_body, min(call.most, LARGEST)))
        # Whatever it was: if the connection stood, nobody knows what the other side has done.
        except Exception as error:
            reason = _reason(error)
        finally:
            adapter.close()
            pool.close()
        # Raised out here, so that no chained error carries the URL or a header into a traceback.
        where = f"{call.method} {target.origin}: {reason}"
        raise Uncertain(where) if trip.connected else Unsent(where)


def system_addresses(host: str) -> list[str]:
    """The machine's resolver. Raises OSError."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _in_time(look_up: Callable[[], Sequence[str]], seconds: float) -> Sequence[str]:
    """`look_up()` in a thread, because the system's resolver takes no time-out. Raises OSError, also when late."""
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(look_up())
        except OSError as error:
            answers.put(error)
        except ValueError:
            answers.put(OSError("a name that cannot be looked up"))

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        raise TimeoutError("resolving took too long") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


class _Adapter(HTTPAdapter):
    """requests' adapter on one pool of ours: no session, hence no redirects, cookies, proxies, netrc or environment."""

    def __init__(self, pool: HTTPConnectionPool, path: str) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._pool = pool
        self._path = path

    def get_connection_with_tls_context(self, *_: object, **__: object) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *_: object) -> None:
        """The pool's context requires and checks certificates already."""

    def request_url(self, *_: object) -> str:
        return self._path


def _check(call: Call) -> None:
    if call.method not in METHODS:
        raise guard.Forbidden(f"wanted one of {', '.join(sorted(METHODS))}")
    if len(call.url) > MAX_URL:
        raise guard.Forbidden(f"a URL of {len(call.url)} characters, wanted at most {MAX_URL}")
    for name, value in call.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise guard.Forbidden("a header that is not the caller's to set, or whose name is none")
        if not _HEADER_VALUE.fullmatch(value):
            raise guard.Forbidden(f"the header {name} with characters that no header may hold")


def _prepared(call: Call, target: guard.Target) -> requests.PreparedRequest:
    """Put together by hand: requests' own preparing would rewrite the URL, whose bytes some platforms sign."""
    request = requests.PreparedRequest()
    request.method = call.method
    request.url = target.origin + "/"
    headers = {"User-Agent": "Redress/1", "Accept-Encoding": "identity", "Connection": "close"}
    given = {name.lower() for name in call.headers}
    sent = {name: value for name, value in headers.items() if name.lower() not in given} | dict(call.headers)
    if call.body or call.method in ("POST", "PUT", "PATCH"):
        sent["Content-Length"] = str(len(call.body))
        request.body = call.body
    request.headers = CaseInsensitiveDict(sent)
    return request


def _reply(answer: requests.Response, max_body: int) -> Reply:
    raw: BaseHTTPResponse = answer.raw
    body = bytearray()
    while chunk := raw.read(max_body + 1 - len(body), decode_content=False):
        body += chunk
        if len(body) > max_body:
            raise _Unreadable(f"an answer of more than {max_body} bytes")
    headers = {name.lower(): value for name, value in raw.headers.items() if name.lower() != "set-cookie"}
    return Reply(raw.status, headers, _inflated(bytes(body), headers, max_body))


def _inflated(body: bytes, headers: Mapping[str, str], max_body: int) -> bytes:
    """The body without its Content-Encoding. We ask for none, yet some servers compress whatever one asks."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if not body or encoding in ("", "identity"):
        return body
    windows = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}.get(encoding)
    if windows is None:
        raise _Unreadable("an answer in an encoding that was not asked for")
    for window in windows:
        inflater = zlib.decompressobj(window)
        try:
            plain = inflater.decompress(body, max_body + 1)
        except zlib.error:
            continue
        if len(plain) > max_body:
            raise _Unreadable(f"an answer that inflates to more than {max_body} bytes")
        if inflater.eof and not inflater.unused_data:
            return plain
    raise _Unreadable("an answer whose compression is broken")


class _Unreadable(Exception):
    """The answer is one that we do not take; the text says why, without any of it."""


_KNOWN: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not valid for this host"),
    (ssl.SSLError, "TLS failed"),
    (TimeoutError, "time-out"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "connection lost"),
    (IncompleteRead, "an answer that breaks off"),
    (HTTPException, "an answer that is not HTTP"),
)


def _reason(error: BaseException) -> str:
    """What went wrong in our own words; an error's own text may hold the URL."""
    if isinstance(error, _Unreadable):
        return str(error)
    chain: list[BaseException] = [error]
    for link in chain:
        further = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        chain += [more for more in further if isinstance(more, BaseException) and more not in chain]
    for kind, words in _KNOWN:
        if any(isinstance(link, kind) for link in chain):
            return words
    return type(chain[-1]).__name__


def _shown(method: str) -> str:
    return method if method in METHODS else "a method that is not sent"
