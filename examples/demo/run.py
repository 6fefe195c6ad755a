"""The demo as a whole: its shops connected, its subscriber added, its storefront answering, its scenes playing.

Everything that it must know again is kept in one file of the state directory, which holds secrets of the demo shops and
is readable by its owner alone.
"""

import contextlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.connections.connect import Change, Connected, Request, amend, connect, rotate
from chalicelib.core.signing import format_secret
from chalicelib.core.words import MARKS
from chalicelib.ops import policies, subscribers
from chalicelib.ports.ports import Ports
from examples.demo.cast import CAST, Part, shop
from examples.demo.feed import Feed
from examples.demo.letters import REFUSED, Address, Letter, Post
from examples.demo.scenes import RUNNING_ORDER, How
from examples.demo.server import ALERTS, HOST, Storefront
from examples.demo.shops.books import DemoShop
from examples.demo.stage import Stage

ACCOUNT = "main"
SUBSCRIBER = "live-view"
ACTOR = "up"
POLICY = Path(__file__).resolve().parents[1] / "policies" / "demo.yaml"
NOBODYS = Letter("order.updated", b"{}")
KNOCKS = 3
FIRST_NUMBER = 1000
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""The first version judges whatever the demo's clocks start from."""


class Demo:
    """One demo. `start` before the engine, `connect` when it runs, `play`; then `rest`, the engine's stop, `close`."""

    def __init__(self, path: Path, feed: Feed, now: Callable[[], datetime]) -> None:
        self._path, self._feed, self._now = path, feed, now
        self._kept = _read(path)
        self._secrets: dict[str, dict[str, Any]] = dict(self._kept.get("shops", {}))
        self.stage = Stage([], Post(local=True), feed, now, FIRST_NUMBER)
        self._storefront: Storefront | None = None
        self._player: threading.Thread | None = None

    @property
    def base(self) -> str:
        assert self._storefront is not None, "the storefront is started first"
        return f"http://{HOST}:{self._storefront.port}"

    def start(self) -> None:
        """Open the storefront, its shops as they were: an engine that goes on may call them at once."""
        alerts = self._kept.setdefault("alerts", _whsec())
        try:
            self._storefront = Storefront(self.stage, self._feed, alerts, self._now, int(self._kept.get("port", 0)))
        except OSError:
            # Somebody else has the port by now; the connections are told of the new one.
            self._storefront = Storefront(self.stage, self._feed, alerts, self._now)
        self._storefront.__enter__()
        for part in CAST:
            if part.name in self._secrets:
                self._open(part)
        if "stage" in self._kept:
            with contextlib.suppress(KeyError, ValueError, TypeError):
                self.stage.resume(self._kept["stage"])

    def connect(self, ports: Ports, hook_url: str) -> None:
        """Policy, connections and subscriber, each made where it is missing."""
        known = any(one["name"] == "demo" for one in policies.listed(ports, ACCOUNT))
        policies.activate(ports, ACCOUNT, POLICY.read_text(encoding="utf-8"), None if known else ALWAYS, actor=ACTOR)
        for part in CAST:
            self._connect(ports, part, hook_url)
        self._subscribe(ports)
        self.save()

    def _connect(self, ports: Ports, part: Part, hook_url: str) -> None:
        held, kept = ports.connections.get(ACCOUNT, part.name), self._secrets.get(part.name)
        if held is not None and kept is not None:
            change = Change(options=part.options_at(self.base), address=part.address(self.base), active=True)
            amend(ports, ACCOUNT, part.name, change, MARKS)
            kept["hook"] = f"{hook_url}/hooks/{kept['token']}"
        elif held is not None:
            # The file that knew its secret is gone: a new one, and a new address.
            self.stage.leave_numbers()
            fresh = rotate(ports, ACCOUNT, part.name, hook_url, self._secret(part), new_address=True)
            credentials = _credentials(part)
            change = Change(None, part.options_at(self.base), None, part.address(self.base), credentials=credentials)
            amend(ports, ACCOUNT, part.name, change, MARKS)
            self._keep(part, fresh, credentials)
        else:
            credentials = _credentials(part)
            request = Request(
                part.name, part.platform, part.address(self.base), part.options_at(self.base), part.mapping,
                {"all": "act"}, None, credentials, self._secret(part),
            )  # fmt: skip
            self._keep(part, connect(ports, ACCOUNT, request, hook_url, MARKS), credentials)
        self._open(part)

    @staticmethod
    def _secret(part: Part) -> str | None:
        return secrets.token_hex(32) if part.secret else None

    def _keep(self, part: Part, made: Connected, credentials: Mapping[str, str]) -> None:
        self._secrets[part.name] = {
            "secret": made.secret, "token": made.token, "hook": made.url, "credentials": dict(credentials),
        }  # fmt: skip

    def _open(self, part: Part) -> None:
        kept = self._secrets[part.name]
        there = self.stage.shops.get(part.name)
        if there is None:
            made = shop(part, kept["hook"], self.base, kept["secret"], kept["credentials"], self._now)
            self.stage.shops[part.name] = made
        else:
            there.address = replace(there.address, url=kept["hook"], shop=part.address(self.base))

    def _subscribe(self, ports: Ports) -> None:
        url = self.base + ALERTS
        for one in subscribers.listed(ports, ACCOUNT):
            if one["name"] == SUBSCRIBER:
                if one["url"] == url and one["active"] and self._kept.get("subscribed"):
                    return
                subscribers.remove(ports, ACCOUNT, SUBSCRIBER, ACTOR)
        subscribers.add(ports, ACCOUNT, SUBSCRIBER, url, secret=self._kept["alerts"], actor=ACTOR)
        self._kept["subscribed"] = True

    def shops(self) -> list[DemoShop]:
        return list(self.stage.shops.values())

    def hooks(self) -> dict[str, dict[str, str]]:
        """Each shop's hook address with its secret, for the file that tells a person where everything is."""
        return {one.name: _told(one.address) for one in self.shops()}

    def warm(self) -> None:
        """Knock at each hook, unsigned, until it answers: a function's first call waits for its process to start."""
        for one in self.shops():
            for _ in range(KNOCKS):
                if Post(local=True).send(NOBODYS, one.address, How.FORGED, self._now()) == REFUSED:
                    break

    def play(self) -> None:
        """Play the running order over and over, until `rest`."""
        self._player = threading.Thread(target=self.stage.run, args=(RUNNING_ORDER, True), name="stage", daemon=True)
        self._player.start()

    def rest(self) -> None:
        """Send nothing more; calls are still answered."""
        self.stage.end()
        if self._player is not None:
            self._player.join(timeout=30)

    def save(self) -> None:
        assert self._storefront is not None, "the storefront is started first"
        kept = {**self._kept, "port": self._storefront.port, "shops": self._secrets, "stage": self.stage.data()}
        write_private(self._path, kept)

    def close(self) -> None:
        """Keep everything and close the storefront."""
        if self._storefront is not None:
            self.rest()
            self.save()
            self._storefront.__exit__()
            self._storefront = None


def write_private(path: Path, data: object) -> None:
    """JSON that its owner alone may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _told(address: Address) -> dict[str, str]:
    return {"platform": address.platform, "url": address.url, "secret": address.secret, "address": address.shop}


def _credentials(part: Part) -> dict[str, str]:
    return {name: "ops" if name == "wp_user" else secrets.token_hex(20) for name in part.credentials}


def _whsec() -> str:
    return format_secret(secrets.token_bytes(32))
