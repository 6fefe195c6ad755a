"""What a cold start spends on importing: CPU of each entry point with all that its handler needs and one client of
boto3, beside Chalice and one client alone. Each in fresh interpreters that take turns; the aim for the hook: 1.25 x."""

import os
import subprocess
import sys

import pytest

from tests.bench.figures import ROOT, at_most, save

pytestmark = pytest.mark.bench

AIM = 1.25
ROUNDS = int(os.environ.get("REDRESS_BENCH_ROUNDS", "5"))
CLIENT = "import boto3; boto3.session.Session().client('sqs')"
OURS = "from chalicelib.aws.clients import client; client('sqs')"
BARE = f"import chalice.app; {CLIENT}"
PORTS = {
    "hook": "clock connections vault inbox records", "apply": "clock cases records connections blobs wakes actions",
    "wake": "clock cases records connections wakes actions", "late": "clock cases records connections wakes actions",
    "act": "clock cases records connections vault inbox actions http", "sweep": "clock records wake_index wakes late",
    "project": "clock records connections blobs bus actions", "audit": "clock cases records blobs connections http",
    "sellers": "clock records connections",
}  # fmt: skip
NAMES = (
    "STAGE CASES CONNECTIONS RECORDS INBOX WAKES LATE ACTIONS BUCKET "
    "BUS SECRETS_KEY SHARDS HOOK_URL INBOX_DLQ WAKES_DLQ LATE_DLQ ACTIONS_DLQ PROJECT_DLQ PROJECT_AGAIN"
)


def entry(name: str) -> str:
    """What happens before the first event is handled: the module, its handler, and the ports that it will touch."""
    ports = "; ".join(f"bootstrap.ports().{port}" for port in PORTS.get(name, "").split())
    return f"import chalicelib.entry.{name}; from chalicelib import bootstrap; bootstrap.{name}(); {ports}; {OURS}"


def seconds(code: str) -> float:
    """CPU that a fresh interpreter spends on the code, its own start apart."""
    measured = f"import time; began = time.process_time(); {code}; print(time.process_time() - began)"
    environment = {
        "PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing", **{f"REDRESS_{one}": "1" for one in NAMES.split()},
    }  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", measured], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return float(ran.stdout)


def test_the_import_of_each_entry_point_beside_the_bare_framework() -> None:
    codes = {"bare": BARE, **{name: entry(name) for name in PORTS}, "ops": "import app; " + OURS}
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for number in range(-1, ROUNDS):
        for name, code in codes.items():
            took = seconds(code)
            # The first round writes the compiled modules, as packaging does.
            if number >= 0:
                taken[name].append(took)
    least = {name: min(times) for name, times in taken.items()}
    ratios = {name: round(took / least["bare"], 2) for name, took in least.items() if name != "bare"}
    save(
        "cold",
        {
            "task": f"import of each entry point, its handler, its ports and one client; the best of {ROUNDS} rounds",
            "bare": "chalice.app and one client of boto3",
            "times bare": ratios,
            "milliseconds": {name: round(took * 1e3) for name, took in least.items()},
        },
        [at_most("cold start of the hook: CPU of importing, times Chalice and one boto3 client", ratios["hook"], AIM)],
    )
