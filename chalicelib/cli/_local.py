"""The local engine for commands: ports onto it, and the file that tells a person where everything is.

It speaks to the engine alone: whatever AWS account the environment names is put out of sight first.
"""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from chalicelib.bootstrap import AwsPorts
from chalicelib.settings import Settings
from infra.local import REGION, LocalEngine
from infra.stack import Outputs

LOCAL = "local.json"
STARTS = 2
"""Functions that start at the same time."""


def ports_of(outputs: Outputs, endpoint: str) -> AwsPorts:
    """The ports of the shell on a local engine. Changes this process's environment, so that it cannot reach AWS."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"):
        os.environ.pop(name, None)
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_DEFAULT_REGION=REGION,
        AWS_REGION=REGION,
        AWS_EC2_METADATA_DISABLED="true",
        NO_PROXY="127.0.0.1,localhost",
    )
    return AwsPorts(Settings(settings_of(outputs)))


def settings_of(outputs: Outputs) -> Mapping[str, str]:
    """What the functions are told by their environment, from the stack's outputs."""
    return {
        "REDRESS_STAGE": "local",
        "REDRESS_CASES": outputs.cases_table,
        "REDRESS_CONNECTIONS": outputs.connections_table,
        "REDRESS_RECORDS": outputs.records_table,
        "REDRESS_INBOX": outputs.inbox_queue,
        "REDRESS_WAKES": outputs.wakes_queue,
        "REDRESS_LATE": outputs.late_queue,
        "REDRESS_ACTIONS": outputs.actions_queue,
        "REDRESS_BUCKET": outputs.bucket,
        "REDRESS_BUS": outputs.bus,
        "REDRESS_SECRETS_KEY": outputs.secrets_key,
        "REDRESS_SHARDS": "1",
        "REDRESS_HOOK_URL": outputs.hook_url,
        "REDRESS_OPS_URL": outputs.ops_url,
    }


def read_local(state: Path) -> dict[str, Any]:
    """What `write_local` wrote the last time; empty where there is nothing."""
    with suppress(OSError, ValueError):
        data = json.loads((state / LOCAL).read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def write_local(state: Path, url: str, key: str, hooks: Mapping[str, Mapping[str, str]]) -> Path:
    """Write the ops API's base, a key to it, and the hook addresses with their secrets, for the owner alone to read."""
    path, fresh = state / LOCAL, state / f"{LOCAL}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    data = {"url": url, "key": key, "hooks": hooks}
    fresh.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
    return path


def warm(engine: LocalEngine) -> None:
    """Call the functions once with next to nothing to do. Their processes start slowly, and several starting at once
    under the first deliveries would run into their functions' timeouts, to be repeated half a minute later."""
    names, functions = engine.resources(), engine.client("lambda")

    def call(function: str) -> None:
        functions.invoke(FunctionName=names[function], Payload=json.dumps(_NOTHING[function]))["Payload"].read()

    with ThreadPoolExecutor(STARTS) as pool:
        list(pool.map(call, _NOTHING))


def _message(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "warm", "body": body}]}


_NOTHING: Mapping[str, dict[str, Any]] = {
    "Hook": {"headers": {}, "body": "", "pathParameters": {"token": "main.nobody.x"}},
    "Apply": _message('{"a":"main","c":"nobody","events":[]}'),
    "Project": {"Records": []},
    "Act": _message('{"a":"main","post":"nobody","event":"{}","n":0,"at":null}'),
    "Wake": _message('{"case":"main:nobody:order/none","at":0}'),
}
"""What each function is done with at once: a stranger knocks, nothing was told, nobody is posted to, no case is due."""


class Stopped(KeyboardInterrupt):
    """Somebody ended this process by a signal: everything is put in order, as after Ctrl-C."""


@contextmanager
def signals_stop() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP end the process in order too, and SIGINT does where it was ignored: what a script
    starts in the background is born deaf to it. SIGHUP stays ignored where somebody asked for that (`nohup`)."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    wanted = {signal.SIGTERM: stop, signal.SIGHUP: stop, signal.SIGINT: signal.default_int_handler}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del wanted[signal.SIGHUP]
    before = {each: signal.signal(each, handler) for each, handler in wanted.items()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
