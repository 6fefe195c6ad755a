"""What our access lacks, worked out of what levers and looks need; shared by the adapters that can be probed."""

import re
from collections.abc import Mapping

from chalicelib.platforms.base import Lever, Refused


def lacking(
    levers: Mapping[str, Lever], reads: Mapping[str, str], granted: frozenset[str], form: "re.Pattern[str]"
) -> dict[str, str]:
    """Right -> what cannot be done without it. `reads`: right -> what is not seen without it. `form`: how a right is
    spelt within a lever's `needs`."""
    found: dict[str, list[str]] = {}
    for name, lever in levers.items():
        for right in form.findall(lever.needs):
            if right not in granted:
                found.setdefault(right, []).append(name)
    said = {right: f"levers: {', '.join(names)}" for right, names in found.items()}
    for right, what in reads.items():
        if right not in granted:
            said[right] = f"{what}; {said[right]}" if right in said else what
    return dict(sorted(said.items()))


def grant(refused: Refused, codes: frozenset[str], right: str) -> Refused:
    """A refusal for want of a right, with the right to grant."""
    return Refused(f"{refused.reason}: grant {right}") if refused.reason in codes else refused
