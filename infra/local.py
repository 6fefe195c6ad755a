"""The deployed template on this machine: ministack as a child process, and the stack brought up inside it.

It listens on 127.0.0.1 alone and uses credentials of its own making: a person's AWS account is never touched, whatever
their environment says. State is written when it stops in order; an engine that was killed comes back as it last
stopped.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import boto3
import botocore.session
from botocore.config import Config

from infra.package import ROOT, package
from infra.stack import Outputs, Report, Target, bring_up

STACK = "redress-local"
HOST = "127.0.0.1"
REGION = "us-east-1"

_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": REGION}
_ARTIFACTS = "redress-artifacts"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_LOG_BYTES = 10_000_000
_MEMORY, _MEMORY_BYTES = Path("/dev/shm"), 2_000_000_000
# What the engine, and so every function, may know of the person's environment.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_PARAMETERS = {
    "Stage": "local",
    "Shards": "1",
    "AllowHosts": "127.0.0.1,localhost",
    "DeletionProtection": "false",
}


class LocalEngineError(Exception):
    """The engine could not be started or stopped; the text says what a person can do."""


def _quiet(_line: str) -> None:
    return None


class LocalEngine:
    """One engine, told from others by its state directory (locked while it runs) and its port.

    Without a port it takes the one it had last time, else a free one. Use it as a context manager, or pair `start` with
    `stop`; `stop` may be called at any moment and more than once.
    """

    def __init__(self, state_dir: Path, port: int | None = None, report: Report = _quiet, root: Path = ROOT) -> None:
        self.state_dir = state_dir.resolve()
        self.root = root
        self.log = self.state_dir / "engine.log"
        self._wanted_port = port
        self._port = port or 0
        self._report = report
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> "LocalEngine":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Starts the engine and returns when it answers. Raises LocalEngineError."""
        if self._process is not None:
            return
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        self._port = self._choose_port()
        _forget_stream_positions(self.state_dir / "state" / "lambda.json")
        self._process = self._spawn()
        self._await_health(self._process)
        (self.state_dir / "port").write_text(f"{self._port}\n")

    def deploy(self, parameters: Mapping[str, str] | None = None) -> Outputs:
        """Packages the project, brings the stack up; quick where nothing changed. Raises StackError, PackageError."""
        made = package(self.root)
        with contextlib.suppress(self.client("s3").exceptions.BucketAlreadyOwnedByYou):
            self.client("s3").create_bucket(Bucket=_ARTIFACTS)
        target = Target(self.client, STACK, _ARTIFACTS, _LOOK_SECONDS, self._report)
        return bring_up(target, made, {**_PARAMETERS, "LocalEndpoint": self.endpoint, **(parameters or {})})

    def client(self, service: str) -> Any:
        """The boto3 client of a service of this engine."""
        if service not in self._clients:
            config = Config(proxies={}, retries={"mode": "standard"}, s3={"addressing_style": "path"})
            self._clients[service] = _session().client(service, endpoint_url=self.endpoint, config=config)
        return self._clients[service]

    def resources(self) -> dict[str, str]:
        """What was deployed: logical name -> physical name. They are told by pages of a hundred, and there are more."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages
            for one in page["StackResourceSummaries"]
        }

    def stop(self) -> None:
        """Stops the engine, its state written and no process left behind. A second Ctrl-C does not cut it short."""
        process, self._process = self._process, None
        if process is not None:
            with _undisturbed():
                _end(process, self._report)
            self._forget_scratch()
        self._clients.clear()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _take_lock(self) -> None:
        lock = (self.state_dir / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise LocalEngineError(f"{self.state_dir} is in use by another run: stop that one first") from None
        self._lock = lock

    def _choose_port(self) -> int:
        if self._wanted_port is not None:
            if not _is_free(self._wanted_port):
                raise LocalEngineError(
                    f"port {self._wanted_port} is in use: stop what listens there, or choose another"
                )
            return self._wanted_port
        with contextlib.suppress(OSError, ValueError):
            last = int((self.state_dir / "port").read_text())
            if _is_free(last):
                return last
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            free: int = probe.getsockname()[1]
            return free

    def _spawn(self) -> subprocess.Popen[bytes]:
        scratch = self._new_scratch()
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the parent alone, and the whole group can be ended at once.
            return subprocess.Popen(
                [sys.executable, "-m", "infra.engine_child"],
                cwd=ROOT,
                env=self._environment(scratch),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _new_scratch(self) -> Path:
        """Where the engine unpacks the code of each function's process, thousands of files: in memory where there is
        room, because some disks take half a minute to delete them. Noted, so that what a killed run left goes too."""
        self._forget_scratch()
        scratch = self.state_dir / "tmp"
        with contextlib.suppress(OSError):
            if shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES:
                scratch = Path(tempfile.mkdtemp(prefix="redress-", dir=_MEMORY))
        scratch.mkdir(exist_ok=True)
        (self.state_dir / "scratch").write_text(f"{scratch}\n")
        return scratch

    def _forget_scratch(self) -> None:
        note = self.state_dir / "scratch"
        with contextlib.suppress(OSError):
            noted = Path(note.read_text().strip())
            if noted.parent in (_MEMORY, self.state_dir):
                shutil.rmtree(noted, ignore_errors=True)
            note.unlink()

    def _environment(self, scratch: Path) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            # Each function may do what its role allows and no more, as in the cloud.
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": _CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": _CREDENTIALS["aws_secret_access_key"],
            "BIND_HOST": HOST,
            "DOCKER_HOST": "unix:///nonexistent",
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_WARM_TTL_SECONDS": "60",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_REGION": REGION,
            "NO_PROXY": f"{HOST},localhost",
            "PERSIST_STATE": "1",
            "S3_DATA_DIR": str(self.state_dir / "s3"),
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self.state_dir / "state"),
            "TMPDIR": str(scratch),
            "TZ": "UTC",
        }

    def _await_health(self, process: subprocess.Popen[bytes]) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(int(_START_SECONDS / _LOOK_SECONDS)):
            if process.poll() is not None:
                raise LocalEngineError(f"the engine ended at its start with {process.returncode}: see {self.log}")
            with contextlib.suppress(OSError), opener.open(f"{self.endpoint}/_ministack/ready", timeout=2):
                return
            time.sleep(_LOOK_SECONDS)
        raise LocalEngineError(f"the engine did not answer within {_START_SECONDS:.0f} s: see {self.log}")


def _session() -> Any:
    """A session that knows no profile and reads no file of the person's: only the credentials made up here."""
    nothing = (None, None, os.devnull, None)
    alone = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    core = botocore.session.Session(session_vars=alone)
    return boto3.session.Session(botocore_session=core, **_CREDENTIALS)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _forget_stream_positions(saved: Path) -> None:
    """Lets the stream's mapping begin anew: its saved position counts records that are not saved (ministack 1.5.33)."""
    with contextlib.suppress(FileNotFoundError):
        state = json.loads(saved.read_text())
        if state.get("payload", {}).pop("dynamodb_stream_positions", None) is not None:
            fresh = saved.with_suffix(".new")
            fresh.write_text(json.dumps(state))
            fresh.replace(saved)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds Ctrl-C off for the time of a stop, which has an end of its own. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(process: subprocess.Popen[bytes], report: Report) -> None:
    """Closes the pipe, which tells the engine to rest, save and end; then makes sure that its group is gone."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        report("the engine did not stop in order: its state is as of its start")
    # Functions run as processes of the same group; some may still be at work.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
