"""Run the deployed template on this machine, with a demo that plays three shops before your eyes.

It listens on 127.0.0.1 alone. State lies in .redress and is written when it stops, by Ctrl-C or by itself; the next
start goes on from there. .redress/local.json tells the ops API's base, a key to it, and the hook addresses of the shops
with their secrets.
"""

import argparse
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.cli._common import tell
from chalicelib.cli._local import Stopped, ports_of, read_local, signals_stop, warm, write_local
from chalicelib.cli.main import DONE, NO
from chalicelib.ops import keys
from chalicelib.ports.clock import SystemClock
from chalicelib.ports.ports import Ports
from infra.local import LocalEngine, LocalEngineError
from infra.package import ROOT, PackageError
from infra.stack import StackError

if TYPE_CHECKING:
    from examples.demo.live.model import Model
    from examples.demo.live.screen import Heading

ACCOUNT, KEY = "main", "local"
FRAME = 0.25
"""Seconds between two drawings of the view."""
PICTURE, TEXT = (132, 36), (80, 24)
"""Columns and lines of the view as a picture and as text."""


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, metavar="N", help="stop by itself after so many seconds")
    parser.add_argument("--no-demo", action="store_true", help="the engine alone")
    parser.add_argument("--plain", action="store_true", help="lines instead of the live view")
    parser.add_argument("--port", type=int, help="the engine's port; default: the one of the last run, or a free one")
    parser.add_argument(
        "--picture", type=Path, action="append", default=[], metavar="FILE", help="write the last view; .svg: as an SVG"
    )
    parser.add_argument("--state", type=Path, default=ROOT / ".redress", metavar="DIR", help="default: .redress")


def run(args: argparse.Namespace) -> int:
    # The demo is no part of what is installed or deployed: it lies beside it.
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    engine = LocalEngine(args.state, args.port, report=_report)
    try:
        with signals_stop():
            return _bare(engine, args) if args.no_demo else _demo(engine, args)
    except KeyboardInterrupt as error:
        _report(f"stopped {'by a signal ' if isinstance(error, Stopped) else ''}before it was ready")
        return DONE
    except (LocalEngineError, StackError, PackageError) as error:
        tell(f"redress: {error}")
        return NO


def _report(text: str) -> None:
    tell(f"redress: {text}")


def _key(ports: Ports, state: Path) -> str:
    """The ops key of the last run where it still holds, else a new one."""
    held = str(read_local(state).get("key", ""))
    if held and keys.authenticate(ports, held) is not None:
        return held
    return keys.create(ports, ACCOUNT, KEY, "admin", replace=True)


def _bare(engine: LocalEngine, args: argparse.Namespace) -> int:
    _report("starting the local engine")
    with engine:
        outputs = engine.deploy()
        ports = ports_of(outputs, engine.endpoint)
        held = read_local(args.state)
        path = write_local(args.state, outputs.ops_url, _key(ports, args.state), held.get("hooks", {}))
        _report(f"ready: {path} tells where everything is; Ctrl-C stops it")
        try:
            _sleep(args.seconds)
        except KeyboardInterrupt:
            _report("stopping")
    return DONE


def _sleep(seconds: float | None) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(FRAME)


def _demo(engine: LocalEngine, args: argparse.Namespace) -> int:
    from examples.demo.feed import Feed
    from examples.demo.live.screen import Heading
    from examples.demo.live.terminal import ended, view
    from examples.demo.run import Demo

    clock, feed = SystemClock(), Feed()
    began = clock.now()
    _report("starting the local engine")
    args.state.mkdir(parents=True, exist_ok=True)
    demo = Demo(args.state / "demo.json", feed, clock.now)
    try:
        demo.start()
        with engine:
            outputs = engine.deploy()
            ports = ports_of(outputs, engine.endpoint)
            _report("connecting the demo shops")
            with redirect_stdout(StringIO()):
                # The lines that ops functions log are meant for a function's log, not for a person who waits.
                demo.connect(ports, outputs.hook_url)
            write_local(args.state, outputs.ops_url, _key(ports, args.state), demo.hooks())
            names = [f"{shop.name} {shop.platform}" for shop in demo.shops()]
            heading = Heading(names, began)
            shown = view(feed, heading, clock.now, args.plain)
            _report("warming the functions")
            warm(engine)
            demo.warm()
            demo.play()
            end = None if args.seconds is None else time.monotonic() + args.seconds
            try:
                with shown:
                    while end is None or time.monotonic() < end:
                        shown.show()
                        time.sleep(FRAME)
            except KeyboardInterrupt:
                pass
            for path in args.picture:
                path.write_text(_picture(path, shown.model, heading, clock.now()), encoding="utf-8")
            _report("stopping: what is under way is finished, and the state is written")
            demo.rest()
    finally:
        demo.close()
    for entry in feed.drain():
        shown.model.take(entry)
    for line in ended(shown.model, began, clock.now()):
        _report(line)
    return DONE


def _picture(path: Path, model: "Model", heading: "Heading", now: datetime) -> str:
    from examples.demo.live.picture import svg
    from examples.demo.live.screen import screen

    if path.suffix == ".svg":
        return svg(screen(model, heading, now, *PICTURE))
    return "".join(line.rstrip() + "\n" for line in screen(model, heading, now, *TEXT, colour=False))
