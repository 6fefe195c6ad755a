"""The hardened client against a server of this machine: what goes out, what comes back, and Unsent versus Uncertain."""

import gzip
import logging
import socket
import struct
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Sequence

import pytest

from chalicelib.aws.http import HardenedHttp
from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent
from tests.unit.loopback import Loopback, Script, answer, says, waits

SHOP = "shop.example"
LIMIT = 1000


def resolving(*addresses: str) -> Callable[[str], Sequence[str]]:
    return lambda host: addresses


def client(**options: object) -> HardenedHttp:
    settings: dict = {"resolve": resolving("127.0.0.1"), "max_body": LIMIT} | options
    return HardenedHttp(frozenset({SHOP, "127.0.0.1"}), **settings)


def get(port: int, path: str = "/", **options: object) -> Call:
    settings: dict = {"timeout": 5.0} | options
    return Call("GET", f"http://{SHOP}:{port}{path}", **settings)


def exchange(script: Script, timeout: float = 5.0) -> Reply:
    with Loopback(script) as server:
        return client().send(get(server.port, timeout=timeout))


@pytest.mark.parametrize(
    ("size", "most", "comes"),
    [(LIMIT, 0, True), (LIMIT + 1, 0, False), (3 * LIMIT, 3 * LIMIT, True), (3 * LIMIT + 1, 3 * LIMIT, False),
     (LIMIT, 10, True), ((1 << 20) + 1, 1 << 30, False)],
    ids=["as usual", "more than usual", "as much as the call takes", "more than that", "a call takes never less",
         "nor more than a mebibyte"],
)  # fmt: skip
def test_a_call_may_take_a_longer_answer_within_bounds(size: int, most: int, comes: bool) -> None:
    with Loopback(answer(b"x" * size)) as server:
        call = get(server.port, most=most)
        if comes:
            assert len(client().send(call).body) == size
        else:
            with pytest.raises(Uncertain, match="more than"):
                client().send(call)


def test_what_goes_out_is_the_call_and_little_else() -> None:
    with Loopback(answer(b"ok", X_Shop="yes")) as server:
        path = "//api/%2f/Orders?b=2&a=%e5%95%86&empty="
        call = Call(
            "POST", f"http://SHOP.example:{server.port}{path}", {"X-Sign": "abc", "content-type": "x/y"}, b"\0\xff"
        )
        reply = client().send(call)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first.lower() == f"POST {path} HTTP/1.1".lower()
    assert {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)} == {
        "host": f"{SHOP}:{server.port}",
        "user-agent": "Redress/1",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": "2",
        "x-sign": "abc",
        "content-type": "x/y",
    }
    assert body == b"\0\xff"
    assert (reply.status, reply.body, reply.headers["x-shop"]) == (200, b"ok", "yes")


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("DELETE", b"", None), ("POST", b"", "0"), ("PUT", b"x", "1"), ("PATCH", b"", "0")],
)
def test_a_body_has_its_length_and_a_get_has_neither(method: str, body: bytes, length: str | None) -> None:
    with Loopback(answer()) as server:
        client().send(Call(method, f"http://{SHOP}:{server.port}/", body=body))
    lines = server.requests[0].lower().split(b"\r\n")
    found = [line.split(b": ")[1].decode() for line in lines if line.startswith(b"content-length")]
    assert found == ([] if length is None else [length])


def test_a_head_has_no_body_whatever_its_length_says() -> None:
    with Loopback(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")) as server:
        reply = client().send(Call("HEAD", f"http://{SHOP}:{server.port}/"))
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    "status", ["204 No Content", "302 Found", "400 Bad", "401 No", "429 Slow", "500 Oops", "503 X"]
)
def test_every_status_is_a_reply_and_a_redirect_is_not_followed(status: str) -> None:
    with Loopback(answer(status=status, Location="http://127.0.0.1:1/", Retry_After="3")) as server:
        reply = client().send(get(server.port))
        assert server.connections == 1
    assert reply.status == int(status[:3])
    assert reply.headers["retry-after"] == "3"


def test_no_cookie_is_kept_or_handed_on() -> None:
    with Loopback(answer(Set_Cookie="session=1; Path=/")) as server:
        http = client()
        assert "set-cookie" not in http.send(get(server.port)).headers
        http.send(get(server.port))
    assert b"cookie" not in server.requests[1].lower()


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text(f"machine {SHOP} login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    with Loopback(answer()) as server:
        assert client().send(get(server.port)).status == 200
    assert b"authorization" not in server.requests[0].lower()


TAKEN = [
    (answer(b"x" * LIMIT), b"x" * LIMIT, "as long as may be"),
    (says(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), b"until the end", "no length, to the end of the connection"),
    (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
        b"abcde",
        "chunks",
    ),
    (says(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), b"x", "after a 100"),
    (answer(gzip.compress(b"z" * LIMIT), Content_Encoding="gzip"), b"z" * LIMIT, "gzip nobody asked for"),
    (answer(gzip.compress(b"zip"), Content_Encoding="X-GZIP"), b"zip", "gzip by its old name"),
    (answer(zlib.compress(b"zlib"), Content_Encoding="deflate"), b"zlib", "deflate"),
    (answer(zlib.compress(b"raw")[2:-4], Content_Encoding="deflate"), b"raw", "deflate as some servers understand it"),
    (answer(b"plain", Content_Encoding="identity"), b"plain", "identity"),
    (answer(b"", Content_Encoding="gzip"), b"", "nothing, compressed"),
]


@pytest.mark.parametrize(("script", "body", "why"), TAKEN, ids=[row[2] for row in TAKEN])
def test_takes(script: Script, body: bytes, why: str) -> None:
    assert exchange(script).body == body


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drips(before: bytes, drop: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(before)
        for _ in range(400):
            connection.sendall(drop)
            time.sleep(0.02)

    return script


BOMB = gzip.compress(b"\0" * 300_000)
UNCERTAIN = [
    (says(), 5.0, "connection lost", "the connection closes without an answer"),
    (resets, 5.0, "connection lost", "the connection is reset"),
    (says(b"220 mail.example ESMTP\r\n"), 5.0, "not HTTP", "another protocol"),
    (says(b"HTTP/1.1 2"), 5.0, "not HTTP", "half a status line"),
    (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        5.0,
        "breaks off",
        "a body that is shorter than it says",
    ),
    (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
        5.0,
        "breaks off",
        "chunks that break off",
    ),
    (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 5.0, "", "chunks that are none"),
    (says(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n"), 5.0, "", "a header without end"),
    (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), 5.0, "", "too many headers"),
    (answer(b"x" * (LIMIT + 1)), 5.0, "more than 1000", "a body too large"),
    (drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 500), 5.0, "more than 1000", "a body without end"),
    (answer(gzip.compress(b"z" * (LIMIT + 1)), Content_Encoding="gzip"), 5.0, "inflates", "inflated one too large"),
    (answer(BOMB, Content_Encoding="gzip"), 5.0, "inflates", "a bomb"),
    (answer(zlib.compress(b"\0" * 300_000), Content_Encoding="deflate"), 5.0, "inflates", "a bomb of the other kind"),
    (answer(gzip.compress(b"z" * 50)[:-9], Content_Encoding="gzip"), 5.0, "broken", "gzip cut short"),
    (answer(gzip.compress(b"a") + b"more", Content_Encoding="gzip"), 5.0, "broken", "something after gzip's end"),
    (answer(b"junk", Content_Encoding="gzip"), 5.0, "broken", "no gzip at all"),
    (answer(b"junk", Content_Encoding="br"), 5.0, "not asked for", "an encoding that was not asked for"),
    (answer(BOMB, Content_Encoding="gzip, gzip"), 5.0, "not asked for", "an encoding in an encoding"),
    (waits, 0.6, "time-out", "no answer in time"),
    (drips(b"", b"H"), 0.6, "time-out", "a status line that drips"),
    (drips(b"HTTP/1.1 200 OK\r\nX: ", b"y"), 0.6, "time-out", "a header that drips"),
    (drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 0.6, "time-out", "only ever 100 Continue"),
    (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"), 0.6, "time-out", "a body that drips"),
]


@pytest.mark.parametrize(("script", "timeout", "words", "why"), UNCERTAIN, ids=[row[3] for row in UNCERTAIN])
def test_once_the_request_is_out_every_failure_is_uncertain(
    script: Script, timeout: float, words: str, why: str
) -> None:
    with Loopback(script) as server, pytest.raises(Uncertain) as caught:
        client().send(get(server.port, timeout=timeout))
    assert len(server.requests) == 1
    assert words in str(caught.value)


def test_an_answer_that_is_not_taken_is_hung_up_on() -> None:
    heard: list[bytes] = []

    def listens(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1))
        heard.append(connection.recv(1))

    with Loopback(listens) as server, pytest.raises(Uncertain):
        client().send(get(server.port))
    assert heard == [b""]


def test_a_bomb_that_fits_as_sent_is_caught_as_inflated() -> None:
    assert len(BOMB) < LIMIT


def test_a_body_that_nobody_reads_ends_at_the_deadline() -> None:
    with Loopback(lambda connection: time.sleep(2), deaf=True) as server, pytest.raises(Uncertain, match="time-out"):
        client().send(Call("POST", f"http://{SHOP}:{server.port}/", body=b"x" * 30_000_000, timeout=0.8))


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_refused_connection_is_unsent() -> None:
    with pytest.raises(Unsent, match="connection refused"):
        client().send(get(closed_port()))


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with Loopback(answer(b"second")) as server:
        assert client(resolve=resolving("127.0.0.9", "127.0.0.1")).send(get(server.port)).body == b"second"


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_without_time_nothing_is_sent(timeout: float) -> None:
    with Loopback(answer()) as server, pytest.raises(Unsent):
        client().send(get(server.port, timeout=timeout))
    assert server.requests == []


def fails(host: str) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "no such host canary")


NO_WAY = [
    (fails, "no address", "the name does not resolve"),
    (resolving(), "no address", "it resolves to nothing"),
    (resolving("canary"), "no address", "it resolves to nonsense"),
    (resolving("10.0.0.1"), "inner address (private)", "it resolves to an inner address"),
    (resolving("127.0.0.1"), "inner address (loopback)", "to this machine"),
    (resolving("1.1.1.1", "169.254.169.254"), "inner address (link-local", "to an outer and an inner one"),
    (resolving("169.254.169.254", "1.1.1.1"), "inner address (link-local", "to an inner and an outer one"),
    (resolving("::ffff:1.1.1.1"), "inner address (IPv4-mapped)", "to an outer one in disguise"),
    (resolving("fd00:ec2::254"), "inner address (unique local", "to the metadata of a cloud"),
]


@pytest.mark.parametrize(("resolve", "words", "why"), NO_WAY, ids=[row[2] for row in NO_WAY])
def test_a_name_that_leads_inwards_or_nowhere_is_unsent(
    resolve: Callable[[str], Sequence[str]], words: str, why: str
) -> None:
    with pytest.raises(Unsent) as caught:
        client(resolve=resolve).send(Call("GET", "https://elsewhere.example/"))
    assert words in str(caught.value)


def test_a_resolver_that_hangs_is_left_behind() -> None:
    release = threading.Event()

    def hangs(host: str) -> Sequence[str]:
        release.wait(20)
        return ["127.0.0.1"]

    with Loopback(answer()) as server, pytest.raises(Unsent, match="no address"):
        client(resolve=hangs).send(get(server.port, timeout=0.2))
    release.set()
    assert server.requests == []


def test_the_name_is_looked_up_once_and_the_checked_address_is_dialled() -> None:
    asked: list[str] = []

    def rebinds(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with Loopback(answer(b"checked")) as first, Loopback(answer(b"rebound"), address="127.0.0.2", port=first.port):
        reply = client(resolve=rebinds).send(get(first.port))
    # The system's resolver does not know the name at all, so nobody else can have looked it up.
    assert (reply.body, asked) == (b"checked", [SHOP])


def test_an_address_in_the_url_is_looked_up_by_nobody() -> None:
    with Loopback(answer()) as server:
        assert client(resolve=fails).send(Call("GET", f"http://127.0.0.1:{server.port}/")).status == 200


def test_what_is_allowed_by_name_is_not_allowed_by_another_name_for_the_same_address() -> None:
    with Loopback(answer()) as server, pytest.raises(Unsent):
        client().send(Call("GET", f"http://elsewhere.example:{server.port}/"))
    assert server.connections == 0


BAD_CALLS = [
    (Call("CONNECT", f"http://{SHOP}/"), "CONNECT"),
    (Call("TRACE", f"http://{SHOP}/"), "TRACE"),
    (Call("GET / HTTP/1.1\r\nX: y", f"http://{SHOP}/"), "a method that holds a request"),
    (Call("get", f"http://{SHOP}/"), "lower case"),
    (Call("GET", "not a url"), "no URL"),
    (Call("GET", f"http://{SHOP}/?" + "x" * 9000), "a URL without end"),
    (Call("GET", f"http://{SHOP}/", {"X": "a\r\nHost: evil"}), "a header in a header"),
    (Call("GET", f"http://{SHOP}/", {"X": "a\nb"}), "a line feed"),
    (Call("GET", f"http://{SHOP}/", {"X": "a\rb"}), "a carriage return"),
    (Call("GET", f"http://{SHOP}/", {"X": "a\0b"}), "a NUL"),
    (Call("GET", f"http://{SHOP}/", {"X": "订单"}), "beyond Latin-1"),
    (Call("GET", f"http://{SHOP}/", {"X: y\r\nZ": "a"}), "a header in a name"),
    (Call("GET", f"http://{SHOP}/", {"": "a"}), "no name"),
    (Call("GET", f"http://{SHOP}/", {"Host": "evil.example"}), "another host"),
    (Call("POST", f"http://{SHOP}/", {"Content-Length": "0"}, b"GET / HTTP/1.1\r\n\r\n"), "a second request"),
    (Call("POST", f"http://{SHOP}/", {"transfer-encoding": "chunked"}, b"0\r\n\r\n"), "another framing"),
    (Call("GET", f"http://{SHOP}/", {"Connection": "keep-alive"}), "a connection to keep"),
    (Call("GET", f"http://{SHOP}/", {"Accept-Encoding": "br"}), "an encoding to undo"),
]


@pytest.mark.parametrize(("call", "why"), BAD_CALLS, ids=[row[1] for row in BAD_CALLS])
def test_a_call_that_is_not_what_it_seems_is_unsent(call: Call, why: str) -> None:
    with Loopback(answer()) as server, pytest.raises(Unsent):
        call = Call(call.method, call.url.replace(SHOP, f"{SHOP}:{server.port}"), call.headers, call.body)
        client().send(call)
    assert server.connections == 0


CANARY = "canary-7f3a"
LEAKS = [
    (answer(b"x" * 2000), "an answer too large"),
    (says(f"HTTP/1.1 200 OK\r\nX-Secret: {CANARY}\r\nContent-Length: 99\r\n\r\n{CANARY}".encode()), "cut short"),
    (says(CANARY.encode()), "no HTTP"),
    (says(f"HTTP/1.1 {CANARY}\r\n\r\n".encode()), "a broken status"),
    (says(f"HTTP/1.1 200 OK\r\n {CANARY}\r\n{CANARY}\r\n\r\n{CANARY * 200}".encode()), "broken headers"),
    (resets, "a reset"),
    (None, "a refused connection"),
]


@pytest.mark.parametrize(("script", "why"), LEAKS, ids=[row[1] for row in LEAKS])
@pytest.mark.parametrize("bad_header", [False, True])
def test_neither_error_nor_log_shows_more_than_method_and_origin(
    script: Script | None, why: str, bad_header: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": CANARY} | ({f"{CANARY}\n": CANARY} if bad_header else {})
    with Loopback(script or answer()) as server:
        port = server.port if script else closed_port()
        url = f"http://{SHOP}:{port}/{CANARY}?token={CANARY}"
        with pytest.raises((Unsent, Uncertain)) as caught:
            client().send(Call("POST", url, headers, CANARY.encode()))
    error = caught.value
    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error) + caplog.text
    assert error.__cause__ is None and error.__context__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://{SHOP}:8443/{CANARY}?token={CANARY}#{CANARY}", f"https://{SHOP}:8443"),
        (f"https://user:{CANARY}@{SHOP}", f"https://{SHOP}"),
        (f"https://{CANARY}@{CANARY}@{SHOP}/@", f"https://{SHOP}"),
        (f"https://[::1]/{CANARY}", "https://[::1]"),
        (CANARY, "?"),
        (f"https://{SHOP}?{CANARY}", f"https://{SHOP}"),
    ],
)
def test_what_is_shown_of_a_call_is_its_method_and_origin(url: str, shown: str) -> None:
    call = Call("POST", url, {"Authorization": CANARY}, CANARY.encode())
    assert repr(call) == str(call) == f"Call(POST {shown}, {len(CANARY)} bytes)"


@pytest.mark.parametrize("url", [f"https://{CANARY}@{SHOP}/", f"https://{SHOP}/ {CANARY}", f"gopher://{CANARY}/"])
def test_a_refused_url_is_not_repeated(url: str) -> None:
    with pytest.raises(Unsent) as caught:
        client().send(Call("GET", url))
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_good_exchange_leaves_no_trace_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Loopback(answer(CANARY.encode())) as server:
        reply = client().send(get(server.port, f"/{CANARY}?token={CANARY}", headers={"X": CANARY}))
    assert CANARY not in caplog.text + repr(reply)
