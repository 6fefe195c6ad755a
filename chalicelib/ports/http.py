"""The port through which every outgoing request leaves; its two failures decide whether a request may be repeated."""

from typing import Protocol

from chalicelib.core.calls import Call, Reply


class Unsent(Exception):
    """Nothing left this machine (refused by the guard, no address, connection refused): safe to send again."""


class Uncertain(Exception):
    """The request was sent and its outcome is unknown (time-out, connection lost, answer too large)."""


class Http(Protocol):
    """Sends one call. Raises Unsent or Uncertain; any HTTP status is a Reply."""

    def send(self, call: Call) -> Reply: ...
