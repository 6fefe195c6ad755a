"""`docs/platforms.md`: what Redress can do on each platform, written from the adapters' own levers.

`python -m chalicelib.platforms.page > docs/platforms.md` writes it anew; a test says that it is current.
"""

from chalicelib.core.words import ACTIONS, OWN_ACTIONS
from chalicelib.platforms import registry
from chalicelib.platforms.base import Adapter, Lever

_HEAD = """# What Redress can do on each platform

Written from the adapters' own levers by `python -m chalicelib.platforms.page`. **Repeat** says how a lever bears
repetition: `safe` (twice is once), `keyed` (the platform de-duplicates by our key), `findable` (after an unknown
outcome we look for our key first), `never` (after an unknown outcome a person is asked). **Reverse**: `exact`, `offset`
(it makes good, traces stay), `none`.

An action that a platform has no lever for is never dropped in silence: it ends `refused` with the reason `no_lever`, an
event says so in words (`redress.action.refused`), and the ladder goes on with its next step.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(registry.adapter(name)) for name in registry.NAMES)])


def _section(adapter: Adapter) -> str:
    missing = [f"`{name}`" for name in ACTIONS if name not in adapter.levers and name not in OWN_ACTIONS]
    lines = [
        f"## {adapter.name}",
        "",
        "| action | repeat | reverse | needs | what a person should know |",
        "|---|---|---|---|---|",
        *(_row(lever) for _, lever in sorted(adapter.levers.items())),
        "",
        f"Looks at: {', '.join(sorted(adapter.looks)) or 'nothing'}.",
        f"No lever: {', '.join(missing) or 'none is missing'}.",
    ]
    if adapter.mapping:
        shown = "; ".join(
            f"`{mark}` from {', '.join(f'`{one}`' for one in where)}" for mark, where in sorted(adapter.mapping.items())
        )
        lines.append(f"By default: {shown}.")
    return "\n".join([*lines, ""])


def _row(lever: Lever) -> str:
    reverse = f"{lever.reverse} (`{lever.undo}`)" if lever.undo else lever.reverse
    return f"| `{lever.action}` | {lever.repeat} | {reverse} | {_cell(lever.needs)} | {_cell(lever.effects)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
