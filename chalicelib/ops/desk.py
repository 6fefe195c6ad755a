"""What the ops API works with: the ports, the shell's one way to change a case, and the ends of the dead letters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.flow.advance import Advance
from chalicelib.flow.rulebook import Book, Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Queue, Receiver


@dataclass(frozen=True, slots=True)
class Desk:
    """`hook_url`: base of the hook addresses. `dead`: where dead letters are received, by the name of their queue.
    `again`: by which those of the stream come back to `project`."""

    ports: Ports
    hook_url: str
    dead: Mapping[str, Receiver]
    again: Queue | None = None
    shops: Shops = field(init=False)
    rulebook: Rulebook = field(init=False)
    advance: Advance = field(init=False)

    def __post_init__(self) -> None:
        shops, rulebook = Shops(self.ports), Rulebook(self.ports)
        object.__setattr__(self, "shops", shops)
        object.__setattr__(self, "rulebook", rulebook)
        object.__setattr__(self, "advance", Advance(self.ports, shops, rulebook))

    def book(self, account: str) -> Book:
        """The policies in force at this moment: whoever has just activated one must find it."""
        return self.rulebook.get(account, fresh=True)
