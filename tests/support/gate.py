"""A World with one connection of a row's platform, and what came of the deliveries that were sent to it."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core.calls import Reply
from chalicelib.core.case import Case
from chalicelib.core.evidence import Evidence
from chalicelib.flow.shops import context_of
from chalicelib.ports.memory import ManualClock
from chalicelib.ports.stores import Connection, SealedSecret
from tests.support.delivery import NOW, Row, Told
from tests.support.world import TOKEN, World

OVERLAP = timedelta(hours=24)


class Gate:
    """`old` also live for a day where `both`. The platform's API lets nobody in: every look is answered 403."""

    def __init__(self, platform: str, row: Row, both: bool = True) -> None:
        self.row = row
        self.world = World(clock=ManualClock(NOW))
        self.world.shop.answer = lambda call: Reply(403, {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}, b"{}")
        made = self.world.connect(
            platform, credentials=dict(row.credentials), options=dict(row.options), address=row.address
        )
        self.connection = self._secrets(made, row.secrets[: 2 if both else 1])

    def _secrets(self, made: Connection, secrets: tuple[str, ...]) -> Connection:
        vault, place = self.world.ports.vault, context_of("main", made.name, "secrets")
        sealed = tuple(
            SealedSecret(vault.encrypt(one.encode(), place), NOW + OVERLAP if number else None)
            for number, one in enumerate(secrets)
        )
        return self.world.ports.connections.put(replace(made, secrets=sealed))

    def send(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """One request, as the gateway hands it on."""
        return self.world.hook(
            {
                "headers": headers, "body": base64.b64encode(body).decode(), "isBase64Encoded": True,
                "pathParameters": {"token": TOKEN},
            }
        )  # fmt: skip

    def tell(self, *told: Told) -> None:
        """Authentic deliveries, each taken up before the next one comes."""
        for one in told:
            answer = self.send(*self.row.request(one))
            assert 200 <= answer["statusCode"] < 300, answer
            self.world.run()

    def taken(self) -> bool:
        """Whether anything waits in the inbox."""
        return bool(self.world.queues["inbox"].waiting())

    def cases(self) -> dict[str, Case]:
        table = self.world.table
        images = map(table.read, table.keys())
        return {str(image.case.id.subject): image.case for image in images if image is not None}

    def evidence(self) -> dict[str, Evidence]:
        """Without the buyer's name of ours, which is another one in each deployment."""
        return {name: _without_buyer(case.evidence) for name, case in self.cases().items()}

    def quarantined(self) -> int:
        return len(list(self.world.ports.records("main").query("quarantine")))


def _without_buyer(evidence: Evidence) -> Evidence:
    return replace(evidence, facts={key: one for key, one in evidence.facts.items() if key[0] != "buyer"})
