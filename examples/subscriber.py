"""A subscriber to start from: verifies the signature, drops repetitions and what is older, opens and closes incidents.

Standard library only; it imports nothing of Redress, so that it can be copied as it is. Run it with
`SECRET=whsec_... python examples/subscriber.py`, then `redress subscribe NAME --url ...` with the same secret.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLOSES = ("clock.met", "clock.met_late", "clock.voided", "clock.withdrawn")
TOLERANCE = 300


def is_authentic(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Whether Redress signed exactly these bytes within five minutes (Standard Webhooks v1)."""
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256)).decode()
    given = [one.partition(",")[2] for one in headers.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


class Incidents:
    """What is open, by incident. Order and repetition of events do not matter."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self._newest: dict[str, int] = {}

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take an event in; False for one that says nothing new."""
        data, kind = event["data"], event["type"].removeprefix("redress.")
        incident = data["incident"]
        if data["sequence"] <= self._newest.get(incident, -1):
            return False
        self._newest[incident] = data["sequence"]
        if kind in ("clock.breached", "clock.storm"):
            self.open[incident] = data["summary"]["en"]
        elif kind in CLOSES:
            self.open.pop(incident, None)
        return True


def serve(secret: str, port: int) -> None:
    """Listen on loopback until interrupted."""
    incidents = Incidents()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            authentic = is_authentic(headers, body, secret, time.time())
            self.send_response(204 if authentic else 401)
            self.end_headers()
            if authentic and incidents.take(event := json.loads(body)):
                print(f"{len(incidents.open):4} open  {event['type']:28} {event['data']['summary']['en']}", flush=True)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: what matters is printed above."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(os.environ["SECRET"], int(os.environ.get("PORT", "8790")))
