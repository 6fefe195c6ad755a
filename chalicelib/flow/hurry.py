"""What is asked within one run of `act` ends within the function's time, however slow a shop is: one that is cut short
is told and asked again, where a function that is cut short says nothing, and all of its messages come again.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Http, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Clock

RUN = timedelta(seconds=40)


class Hurried:
    """The client for one run: all of its calls together have so long, and a call never has more than is left. Raises
    Unsent where nothing is left."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self.allow(RUN)

    def allow(self, span: timedelta) -> None:
        """What is asked from now on may take so long in all."""
        self._span, self._until = span, self._clock.now() + span

    def send(self, call: Call) -> Reply:
        left = (self._until - self._clock.now()).total_seconds()
        if left < 1:
            raise Unsent(f"its answers took more than {self._span.total_seconds():.0f} s in all")
        return self._http.send(replace(call, timeout=min(call.timeout, left)))


class _With:
    """Ports, one of which is another; each of the others is made when it is asked for, as ever."""

    def __init__(self, ports: Ports, http: Http) -> None:
        self._ports, self.http = ports, http

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


def hurried(ports: Ports) -> tuple[Ports, Hurried]:
    """The same ports with a hurried client, and that client."""
    client = Hurried(ports.http, ports.clock)
    return cast(Ports, _With(ports, client)), client
