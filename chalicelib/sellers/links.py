"""Links by which a seller sees its own file and appeals: whose file, until when, and an HMAC over both.

A link opens one seller's file on one connection and nothing else, and ends by itself. Whoever changes a letter of it,
or comes late, finds nothing: every failure looks alike. A new key ends all links at once.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.instants import from_ms, to_ms
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Records

KIND, CURRENT = "seller-links", "current"
USUAL = timedelta(days=200)
"""Longer than the time in which the seller may appeal."""
LONGEST = timedelta(days=400)
MAX_TOKEN = 1200


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opens."""

    account: str
    connection: str
    seller: str
    until: datetime


def make(records: Records, account: str, connection: str, seller: str, until: datetime) -> str:
    """The token of a link that ends at `until`."""
    body = "\n".join([account, connection, str(to_ms(until)), seller]).encode()
    return f"{account}.{_text(body)}.{_text(_mac(_secret(records), body))}"


def opened(ports: Ports, token: str) -> Opened | None:
    """What a token opens now; None for whatever is wrong with it. Never raises for a stranger's text."""
    account, _, rest = token.partition(".")
    body_text, _, mac_text = rest.partition(".")
    if len(token) > MAX_TOKEN or not _plain(account):
        return None
    body, mac = _bytes(body_text), _bytes(mac_text)
    held = ports.records(account).get(KIND, CURRENT)
    secret = base64.b64decode(held.data["secret"]) if held else bytes(32)
    # The text is compared as well: base64 has several spellings for the same bytes.
    genuine = hmac.compare_digest(_mac(secret, body), mac) and held is not None
    if not genuine or _text(body) != body_text or _text(mac) != mac_text:
        return None
    named, connection, until, seller = body.decode().split("\n", 3)
    found = Opened(named, connection, seller, from_ms(int(until)))
    return found if named == account and ports.clock.now() < found.until else None


def address(records: Records, token: str) -> str:
    """The whole link, where ops said under which address sellers reach it; else empty."""
    held = records.get(KIND, CURRENT)
    base = str(held.data.get("base", "")) if held else ""
    return f"{base}/sellers/file/{token}" if base else ""


def settle(records: Records, base: str | None = None, renew: bool = False) -> str:
    """Say under which address sellers reach their files, or end all links by a new key; the address afterwards."""
    _secret(records)
    held = records.get(KIND, CURRENT)
    assert held is not None, "it was there a moment ago"
    data = dict(held.data)
    if base is not None:
        data["base"] = base.rstrip("/")
    if renew:
        data["secret"] = base64.b64encode(secrets.token_bytes(32)).decode()
    records.put(KIND, CURRENT, data, expected=held.version)
    return str(data.get("base", ""))


def _secret(records: Records) -> bytes:
    held = records.get(KIND, CURRENT)
    if held is None:
        made = base64.b64encode(secrets.token_bytes(32)).decode()
        try:
            records.put(KIND, CURRENT, {"secret": made, "base": ""}, expected=0)
            return base64.b64decode(made)
        except Conflict:
            held = records.get(KIND, CURRENT)
    assert held is not None, "somebody else has just written it"
    return base64.b64decode(held.data["secret"])


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"redress seller file\n" + body, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return b""


def _plain(name: str) -> bool:
    return 0 < len(name) <= 40 and name.isascii() and name.replace("-", "a").isalnum() and name == name.lower()
