"""What ops set up before a simulated run begins, through the ports without faults."""

import hashlib
import json
from datetime import datetime

from chalicelib.core import compiled
from chalicelib.core.instants import show
from chalicelib.core.rules import Policy
from chalicelib.core.words import Group
from chalicelib.flow import rulebook as books
from chalicelib.flow.post import subscriber_context
from chalicelib.flow.shops import context_of
from chalicelib.flow.tell import Subscription, write_subscription
from chalicelib.ports.stores import Connection, SealedSecret
from tests.sim.bazaar import OPTIONS
from tests.sim.engine import Sim
from tests.support.world import SECRET


def connect(sim: Sim, name: str = "shop-1", acts: bool = True, storm_limit: int = 50) -> None:
    """A store of the account `main`; `acts`: all modes act, else all observe."""
    vault = sim.bare.vault
    sealed = vault.encrypt(SECRET.encode(), context_of("main", name, "secrets"))
    token = hashlib.sha256(f"main.{name}.token".encode()).hexdigest()
    modes = dict.fromkeys((str(one) for one in Group), "act") if acts else {}
    options = {**OPTIONS, "storm_limit": str(storm_limit)}
    sim.bare.connections.put(
        Connection("main", name, "bazaar", token, (SealedSecret(sealed),), options=options, modes=modes)
    )


def activate(sim: Sim, policy: Policy, at: datetime | None = None, retroactive: bool = False) -> None:
    """Bring a policy into force, `at` an instant or for ever."""
    records = sim.bare.records("main")
    held = records.get(books.KIND, books.ACTIVE)
    body = json.dumps(compiled.dump(compiled.sealed(policy))).encode()
    sim.blobs.put(books.blob_key("main", policy.name, policy.number), body)
    named = {"name": policy.name, "number": policy.number}
    added = {**named, "at": show(at) if at else None, "retroactive": retroactive}
    records.put(books.KIND, books.ACTIVE, {"activations": [*(held.data["activations"] if held else ()), added]})


def subscribe(sim: Sim, *types: str) -> None:
    """Somebody who is told of these types, and takes everything."""
    sealed = sim.bare.vault.encrypt(json.dumps([SECRET]).encode(), subscriber_context("main", "pager"))
    told = Subscription("pager", "https://pager.example/in", types, True, sealed)
    sim.bare.records("main").put("subscribers", "pager", write_subscription(told))
