"""The wake queue's consumer: look at the case, decide from what it holds. A wake carries no authority, so a lost,
early, late or doubled one never corrupts (DESIGN law 3, timers.md rule 5)."""

from collections.abc import Sequence

from chalicelib.flow.advance import Advance, wake_message
from chalicelib.flow.log import fault, log
from chalicelib.flow.messages import read_wake
from chalicelib.ports.ports import Ports


class Wake:
    """Advances the cases of a batch of wakes."""

    def __init__(self, ports: Ports, advance: Advance) -> None:
        self._ports, self._advance = ports, advance

    def __call__(self, messages: Sequence[tuple[str, str]]) -> list[str]:
        """Handle (message id, body) pairs; the ids that failed and must come again."""
        failed = []
        for ident, body in messages:
            try:
                self._one(body)
            except Exception as error:
                log("wake_failed", level="error", reason=fault(error), id=ident)
                failed.append(ident)
        return failed

    def _one(self, body: str) -> None:
        case_id, wake_at = read_wake(body)
        case = self._ports.cases(case_id.account).get(case_id)
        if wake_at is None:
            if case.version:
                self._advance(case_id, held=case)
            return
        if case.wake_at != wake_at:
            # Moved or cancelled: whoever moved it owns the new wake.
            return
        now = self._ports.clock.now()
        if now < wake_at:
            self._ports.wakes.send([wake_message(case_id, wake_at, now)])
            return
        self._advance(case_id, held=case)
