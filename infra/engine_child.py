"""The local engine's own process: ministack, and a watch on the pipe that its parent holds.

The pipe ends when the parent asks for a stop and when it dies in whatever way, so the engine never outlives it and
always writes its state. Before it stops it lets running functions and the stream come to rest: ministack keeps a
stream's position over a restart but not its records (seen with 1.5.33).
"""

import os
import signal
import sys
import threading
import time
from types import ModuleType

_REST_SECONDS = 15.0
_LOOK_SECONDS = 0.05


def main() -> None:
    threading.Thread(target=_stop_at_end_of_pipe, daemon=True).start()
    from ministack.app import main as serve
    from ministack.core.lambda_runtime import Worker

    # After each call it waits 50 ms for a function's first log line, which a function that logs nothing never writes:
    # 18 calls a second instead of 200. A line that comes later is read with the next call.
    Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.002, 0.25)
    sys.argv = ["ministack"]
    serve()


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
