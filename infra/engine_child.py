"""The local engine's own process: ministack, and a watch on the pipe that its parent holds.

The pipe ends when the parent asks for a stop and when it dies in whatever way, so the engine never outlives it and
always writes its state. Before it stops it lets running functions and the stream come to rest: ministack keeps a
stream's position over a restart but not its records (seen with 1.5.33).
"""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

_REST_SECONDS = 15.0
_LOOK_SECONDS = 0.05
_WORKERS = 2
_PATIENCE_SECONDS = 0.5
_WAIT_SECONDS = 0.005


def main() -> None:
    threading.Thread(target=_stop_at_end_of_pipe, daemon=True).start()
    from ministack.app import main as serve
    from ministack.core.lambda_runtime import Worker

    # After each call it waits 50 ms for a function's first log line, which a function that logs nothing never writes:
    # 18 calls a second instead of 200. A line that comes later is read with the next call.
    Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.002, 0.25)
    _grant_batches()
    _bound_workers()
    sys.argv = ["ministack"]
    try:
        serve()
    finally:
        # The parent does it too, unless it was killed.
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)


def _grant_batches() -> None:
    """SQS grants a batch by the right to a single message; ministack asks for a right that AWS does not have."""
    from ministack.core import iam_actions

    read = iam_actions._action_from_target

    def action_from_target(headers: Mapping[str, str]) -> str | None:
        name: str | None = read(headers)
        queue = headers.get("x-amz-target", "").startswith("AmazonSQS.")
        return name.removesuffix("Batch") if name is not None and queue else name

    iam_actions._action_from_target = action_from_target


def _bound_workers() -> None:
    """A call waits for a process of its function that is busy, and only after a while starts another, of few. A start
    takes a second of a core: a burst that starts one for each call makes every call run into its function's timeout."""
    from ministack.services import lambda_svc

    lease = lambda_svc.acquire_worker

    def acquire_worker(*args: Any, **options: Any) -> tuple[Any, str]:
        patience = time.monotonic() + _PATIENCE_SECONDS
        while True:
            most = 1 if time.monotonic() < patience else _WORKERS
            worker, reason = lease(*args, **{**options, "max_concurrency": most})
            if worker is not None:
                return worker, reason
            time.sleep(_WAIT_SECONDS)

    lambda_svc.acquire_worker = acquire_worker


def _stop_at_end_of_pipe() -> None:
    while os.read(0, 64):
        pass
    _come_to_rest()
    os.kill(os.getpid(), signal.SIGTERM)


def _come_to_rest() -> None:
    """Takes no more from the queues, then waits until nothing runs and the stream is read to its end.

    It looks into ministack's own books, as no call of its API tells how far a mapping has read. They are pinned with
    the version; a test of the local engine fails should they move.
    """
    functions = sys.modules.get("ministack.services.lambda_svc")
    tables = sys.modules.get("ministack.services.dynamodb")
    if functions is None or tables is None:
        return
    paused = []
    for _account, _region, mapping in functions._iter_all_esms():
        if ":sqs:" in mapping["EventSourceArn"] and mapping["Enabled"]:
            mapping["Enabled"] = False
            paused.append(mapping)
    try:
        for _ in range(int(_REST_SECONDS / _LOOK_SECONDS)):
            if not functions._esm_inflight and not _unread(functions, tables):
                return
            time.sleep(_LOOK_SECONDS)
    finally:
        for mapping in paused:
            mapping["Enabled"] = True


def _unread(functions: ModuleType, tables: ModuleType) -> bool:
    positions = functions._dynamodb_stream_positions
    for _account, _region, mapping in functions._iter_all_esms():
        source = mapping["EventSourceArn"]
        if ":dynamodb:" in source and mapping["Enabled"]:
            table = source.split("/")[1]
            end = tables.stream_end_position(table)
            if end != tables.stream_start_position(table) and positions.get(mapping["UUID"], -1) < end:
                return True
    return False


if __name__ == "__main__":
    main()
