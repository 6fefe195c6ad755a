"""Which steps of a policy ask for an action that a shop's platform does not offer: told when the policy is checked and
when it is activated, for each connection it is used with. What is offered is told from outside."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chalicelib.core.rules import Policy
from chalicelib.core.words import OWN_ACTIONS
from chalicelib.rules.lines import MAX_BYTES, Document, Path, read_document, show_path
from chalicelib.rules.reader import find


@dataclass(frozen=True, slots=True)
class Lack:
    """An action of a step that is not offered, and where it stands in its file."""

    rule: str
    step: str
    action: str
    path: Path


def lacks(policy: Policy, offered: Collection[str]) -> Iterator[Lack]:
    """The actions of a policy that need a lever of the platform and are not among those `offered`."""
    for index, rule in enumerate(policy.rules):
        for number, step in enumerate(rule.steps):
            for place, do in enumerate(step.do):
                if do.action not in OWN_ACTIONS and do.action not in offered:
                    path: Path = ("rules", index, "steps", number, "do", place)
                    yield Lack(rule.id, step.id, do.action, path)


def line_of(document: Document | None, lack: Lack) -> tuple[int, str]:
    """Line and field of an action in its file."""
    if document is None:
        return 1, show_path(lack.path)
    return document.line(lack.path), show_path(document.existing(lack.path))


def document_of(pack_or_file: str) -> Document | None:
    """The lines of a policy that was read already. Raises OSError."""
    return read_document(find(pack_or_file).read_bytes()[: MAX_BYTES + 1], pack_or_file, [])
