"""`docs/platforms.md`: what Redress can do on each platform, written from the adapters' own levers.

`python -m chalicelib.platforms.page > docs/platforms.md` writes it anew; a test says that it is current.
"""

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.core.words import ACTIONS, OWN_ACTIONS
from chalicelib.platforms import registry
from chalicelib.platforms.base import Adapter, Lever, Polled, Versioned
from chalicelib.platforms.keeping import Probes, Refreshes, Samples, Subscribes, Tries
from chalicelib.platforms.nearest import nearest
from chalicelib.platforms.standard import Standard

_KEEPING = (
    (Probes, "tells what our access may do (`probe`)"),
    (Samples, "lists its last orders (`sample`)"),
    (Subscribes, "lets us keep its webhooks (`subscriptions`)"),
    (Tries, "its signature can be tried (`trial`)"),
    (Refreshes, "its credentials are renewed by themselves"),
)

_HEAD = """# What Redress can do on each platform

Written from the adapters' own levers by `python -m chalicelib.platforms.page`.

- **Call**: what is called there, by the platform's own name.
- **Reverse**: `exact`, `offset` (it makes good, traces stay), `none`; with the action that does it.
- **Repeat**: how it bears repetition. `safe` (twice is once), `keyed` (the platform de-duplicates by our key),
  `findable` (after an unknown outcome we look for our key first), `never` (after an unknown outcome a person is asked).
- **Held by**: who really holds it. `app`: any app or key that the shop lets in, so an ordinary third party does.
  `approved`: only an app that the platform approved. `operator`: only the operator of the marketplace. `owner`: only
  who runs the shop, with its own key or program.

What a platform does not offer is never dropped in silence. Words that it cannot carry to a seller or a buyer become a
note on the order, "by hand, ...", where there is a lever for notes and the group `shop` may act. All else ends
`refused` with the reason `no_lever`, an event says so in words (`redress.action.refused`), and the ladder goes on with
its next step. `redress policy validate` and an activation tell beforehand which steps that will be. For each platform
stands below what comes nearest there: what to write into the rule instead, or beside it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(registry.adapter(name)) for name in registry.NAMES)])


def _section(adapter: Adapter) -> str:
    missing = [name for name in ACTIONS if name not in adapter.levers and name not in OWN_ACTIONS]
    lines = [
        f"## {adapter.name}",
        "",
        "| action | call | reverse | repeat | held by | needs | what a person should know |",
        "|---|---|---|---|---|---|---|",
        *(_row(lever) for _, lever in sorted(adapter.levers.items())),
        "",
        *([f"- API: {adapter.api}."] if isinstance(adapter, Versioned) else []),
        f"- Looks at: {', '.join(sorted(adapter.looks)) or 'nothing'}.",
        *_missing(missing, adapter),
        f"- Of its connection: {'; '.join(_kept(adapter)) or 'nothing can be asked or kept'}.",
    ]
    if adapter.mapping:
        shown = "; ".join(
            f"`{mark}` from {', '.join(f'`{one}`' for one in where)}" for mark, where in sorted(adapter.mapping.items())
        )
        lines.append(f"- By default: {shown}.")
    return "\n".join([*lines, ""])


def _missing(names: list[str], adapter: Adapter) -> Iterator[str]:
    """What it does not offer, by what comes nearest there. What would only take back needs no word."""
    undo = {one for lever in _ALL.values() for one in [lever.undo] if one}
    found: dict[str, list[str]] = {}
    for name in names:
        if name not in undo:
            found.setdefault(nearest(name, adapter.levers), []).append(name)
    if not found:
        yield "- No lever: none is missing."
    for near, lacking in sorted(found.items(), key=lambda one: (not one[0], one[0])):
        said = f"nearest there: `{near}`" if near else "nothing comes near: a person does it by hand"
        yield f"- No lever: {', '.join(f'`{name}`' for name in lacking)}; {said}."


_ALL = Standard.levers
"""Our own form offers every action there is."""


def _kept(adapter: Adapter) -> Iterator[str]:
    """What keeps a connection in order there (`keeping`)."""
    yield from (words for kind, words in _KEEPING if isinstance(adapter, kind))
    if "connection" in adapter.looks:
        yield "what changed can be asked for, so also the past (`backfill`)"
    if isinstance(adapter, Polled):
        yield f"and is, every {adapter.every // timedelta(minutes=1)} min"


def _row(lever: Lever) -> str:
    reverse = f"{lever.reverse} (`{lever.undo}`)" if lever.undo else lever.reverse
    cells = (lever.call, reverse, lever.repeat, lever.held, lever.needs, lever.effects)
    return f"| `{lever.action}` | {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
