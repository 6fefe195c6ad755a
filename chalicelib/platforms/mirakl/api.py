"""One instance's API as calls and answers: an operator's key, or a token (`tokens`) that the shell keeps for its hour.
No call bears an idempotency key. Facts: the sheet, section 3.
"""

from collections.abc import Generator, Mapping
from urllib.parse import urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.platforms.base import DEAD, Later, Session, told_to_wait
from chalicelib.platforms.rest import DOWN, NOT_JSON, Asking, Murky, No, Ok, Result, json_of, wait_of
from chalicelib.platforms.shapes import answered_at, is_body, rows, text

GONE = frozenset(["not_found"])
_CODES = {400: "invalid", 401: DEAD, 403: "rights", 404: "not_found", 405: "method", 409: "conflict", 422: "invalid"}


def form(boundary: str, *parts: tuple[str, str, bytes]) -> bytes:
    """A `multipart/form-data` body of parts: name, with what stands beside it (`file"; filename="x.csv`), type, content
    (RFC 7578)."""
    lines = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\ncontent-type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, kind, content in parts
    ]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


class Api:
    """For the length of one generator."""

    def __init__(self, session: Session) -> None:
        self.session, self._bearer = session, ""
        self._base = session.shop.address.strip().rstrip("/")

    def get(self, path: str, **query: str) -> Asking:
        return self.ask("GET", path, query)

    def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None
    ) -> Asking:
        """One call (`api/orders`) and what its answer means."""
        raw = b"" if body is None else dumps_canonical(body)
        kind = "" if body is None else "application/json"
        return (yield from self.send(method, path, query or {}, raw, kind))

    def post_form(self, path: str, boundary: str, *parts: tuple[str, str, bytes]) -> Asking:
        return self.send("POST", path, {}, form(boundary, *parts), f"multipart/form-data; boundary={boundary}")

    def file(self, path: str) -> "Generator[Call, Reply, bytes]":
        """The file at a path; nothing where it cannot be had."""
        authorization = yield from self._authorization()
        if not isinstance(authorization, str):
            return b""
        headers = {"authorization": authorization, "accept": "text/csv, application/octet-stream"}
        reply = yield Call("GET", f"{self._base}/{path}", headers, timeout=25.0, most=1 << 20)
        return reply.body if 200 <= reply.status < 300 else b""

    def send(self, method: str, path: str, query: Mapping[str, str], raw: bytes, kind: str) -> Asking:
        authorization = yield from self._authorization()
        if not isinstance(authorization, str):
            return authorization
        headers = {"authorization": authorization, "accept": "application/json"}
        if kind:
            headers["content-type"] = kind
        url = f"{self._base}/{path}" + (f"?{urlencode(query)}" if query else "")
        return meaning((yield Call(method, url, headers, raw, timeout=25.0, most=1 << 20)))

    def _authorization(self) -> "Generator[Call, Reply, str | No | Later | Murky]":
        given = self.session.credentials
        if key := given.get("api_key"):
            return key
        if token := self._bearer or given.get("access_token", ""):
            return f"Bearer {token}"
        # Asked without the shell that keeps tokens: one for the length of this generator.
        from chalicelib.platforms.mirakl.tokens import new_token

        answer = yield from new_token(self.session)
        if not isinstance(answer, Ok):
            return answer
        self._bearer = text(answer.body, "access_token")
        return f"Bearer {self._bearer}"


def meaning(reply: Reply) -> Result:
    """What an answer means."""
    at, status = answered_at(reply.headers), reply.status
    if 200 <= status < 300:
        value = json_of(reply.body)
        return Murky("not_json") if value is NOT_JSON else Ok(value, at, reply.body)
    if status in (408, 425, 429, 503):
        wait = wait_of(reply.headers, "retry-after", default=60.0 if status == 429 else DOWN)
        return Later(wait) if status == 429 else Later(wait, "unavailable")
    if status >= 500:
        return Murky(f"http_{status}")
    if 300 <= status < 400:
        return No("redirect", at)
    return No(_CODES.get(status, f"http_{status}"), at, reply.body)


def pause(reply: Reply) -> float:
    return told_to_wait(meaning(reply))


def rejected(value: object) -> bool:
    """Whether an answer of 200 tells of a failure anywhere: calls that change many shops report each by itself."""
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif is_body(one):
            if rows(one, "errors") or is_body(one.get("shop_error")) or is_body(one.get("error")):
                return True
            waiting.extend(one.values())
    return False
