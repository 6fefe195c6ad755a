"""The template deployed whole on this machine: roles that hold, a stream that goes on, and nothing left behind.

The functions carry a bootstrap of these tests' own: it does what it is asked, under the rights of its function.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import STACK, LocalEngine, LocalEngineError
from infra.package import ROOT
from infra.stack import Outputs, StackError

PROBE = '''
"""Does what the event asks for, one boto3 call after the other, and answers with what became of each."""
import base64
import json
import os

import boto3


def _try(service, operation, arguments):
    try:
        answer = getattr(boto3.client(service), operation)(**arguments)
    except Exception as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        return "denied" if "AccessDenied" in code else f"{type(error).__name__}: {error}"
    blob = answer.get("CiphertextBlob")
    return "done" if blob is None else base64.b64encode(blob).decode()


def _probe(event):
    if "calls" in event:
        for _service, _operation, arguments in event["calls"]:
            for name in ("CiphertextBlob", "Plaintext"):
                if name in arguments:
                    arguments[name] = base64.b64decode(arguments[name])
        return [_try(*call) for call in event["calls"]]
    records = event.get("Records", [])
    for record in records:
        if "dynamodb" in record:
            _note("projected", record["dynamodb"]["Keys"]["key"]["S"])
    if "version" in event:
        return {"statusCode": 202, "body": json.dumps({"path": event["rawPath"], "token": event["pathParameters"]})}
    failed = [{"itemIdentifier": record["messageId"]} for record in records if "fail" in record.get("body", "")]
    return {"batchItemFailures": failed}


def _note(key, sort):
    item = {"key": {"S": key}, "sort": {"S": sort}}
    boto3.client("dynamodb").put_item(TableName=os.environ["REDRESS_RECORDS"], Item=item)


def _made():
    return _probe


hook = apply = wake = late = act = sweep = project = audit = sellers = _made
'''


@pytest.fixture(scope="module")
def project_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose bootstrap is the probe."""
    root = tmp_path_factory.mktemp("project")
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    for tree in (".chalice", "infra/policies"):
        shutil.copytree(ROOT / tree, root / tree, ignore=shutil.ignore_patterns("deployments"))
    shutil.copy(ROOT / "infra" / "template.yaml", root / "infra" / "template.yaml")
    entries = root / "chalicelib" / "entry"
    entries.mkdir(parents=True)
    for name in ("hook", "apply", "wake", "late", "act", "sweep", "project", "audit", "sellers"):
        shutil.copy(ROOT / "chalicelib" / "entry" / f"{name}.py", entries / f"{name}.py")
    (entries / "ops.py").write_text(
        "from chalice.app import Blueprint\n"
        "blueprint = Blueprint(__name__)\n"
        "@blueprint.route('/health')\n"
        "def health():\n    return {'ok': True}\n"
    )
    for package in (root / "chalicelib", entries):
        (package / "__init__.py").write_text("")
    (root / "chalicelib" / "bootstrap.py").write_text(PROBE)
    return root


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def engine(project_root: Path, state: Path) -> Iterator[LocalEngine]:
    with LocalEngine(state, root=project_root) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(engine: LocalEngine) -> Outputs:
    return engine.deploy()


@pytest.fixture(scope="module")
def ask(engine: LocalEngine, outputs: Outputs) -> Callable[..., list[str]]:
    """Has a function make calls under its own role, and gives what became of each."""
    functions = engine.resources()

    def run(function: str, *calls: tuple[str, str, dict[str, Any]]) -> list[str]:
        payload = json.dumps({"calls": calls, "version": "2.0"})
        answer = engine.client("lambda").invoke(FunctionName=functions[function], Payload=payload)["Payload"].read()
        told: list[str] = json.loads(answer)
        return told

    return run


def _eventually(true: Callable[[], bool], what: str) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"never came true: {what}")


def _post(url: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.loads(answer.read())


def _get(engine: LocalEngine, table: str, **key: str) -> bool:
    item = engine.client("dynamodb").get_item(TableName=table, Key={name: {"S": text} for name, text in key.items()})
    return "Item" in item


def _live_group(pid: int) -> bool:
    """Whether a process of this group is alive (a zombie is not)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            return True
    return False


KEY = {"key": {"S": "a"}}
PAIR = {"key": {"S": "a"}, "sort": {"S": "b"}}


def test_every_resource_is_told_of_however_many_there_are(engine: LocalEngine, outputs: Outputs) -> None:
    body = engine.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]
    template = body if isinstance(body, dict) else json.loads(body)
    # Those with a condition that does not hold are not made.
    wanted = {name for name, one in template["Resources"].items() if "Condition" not in one}
    assert len(wanted) > 100
    assert wanted - set(engine.resources()) == set()


def test_both_doors_lead_to_their_functions(outputs: Outputs) -> None:
    status, body = _post(f"{outputs.hook_url}/hooks/token-1", b"{}")
    assert (status, body) == (202, {"path": "/hooks/token-1", "token": {"token": "token-1"}})
    with urllib.request.urlopen(f"{outputs.ops_url}/health") as answer:
        assert json.loads(answer.read()) == {"ok": True}


def test_hook_and_act_alone_read_secrets(ask: Callable[..., list[str]], outputs: Outputs) -> None:
    plain = base64.b64encode(b"secret").decode()
    (sealed,) = ask("Act", ("kms", "encrypt", {"KeyId": outputs.secrets_key, "Plaintext": plain}))
    can = {
        name: ask(name, ("kms", "decrypt", {"CiphertextBlob": sealed}))[0]
        for name in ("Hook", "Apply", "Wake", "Late", "Act", "Project")
    }
    assert can.pop("Hook") == can.pop("Act") == "done"
    assert set(can.values()) == {"denied"}
    assert ask("Hook", ("kms", "encrypt", {"KeyId": outputs.secrets_key, "Plaintext": plain})) == ["denied"]


def test_a_function_may_do_its_work_and_no_more(ask: Callable[..., list[str]], outputs: Outputs) -> None:
    def put(prefix: str) -> tuple[str, str, dict[str, Any]]:
        return "s3", "put_object", {"Bucket": outputs.bucket, "Key": f"{prefix}/x", "Body": "x"}

    def send(queue: str) -> tuple[str, str, dict[str, Any]]:
        return "sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x"}

    def table(operation: str, name: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
        return "dynamodb", operation, {"TableName": name, **more}

    bus = {"Entries": [{"Source": "redress", "DetailType": "x", "Detail": "{}", "EventBusName": outputs.bus}]}
    cases, connections, records = outputs.cases_table, outputs.connections_table, outputs.records_table
    rows: list[tuple[str, tuple[str, str, dict[str, Any]], str]] = [
        ("Hook", table("get_item", connections, Key=KEY), "done"),
        ("Hook", table("put_item", connections, Item=KEY), "denied"),
        ("Hook", table("get_item", cases, Key=KEY), "denied"),
        ("Hook", put("inbox"), "done"),
        ("Hook", put("journal"), "denied"),
        ("Hook", send(outputs.inbox_queue), "done"),
        ("Hook", send(outputs.actions_queue), "denied"),
        ("Apply", table("put_item", cases, Item=KEY), "done"),
        ("Apply", table("delete_item", cases, Key=KEY), "denied"),
        ("Apply", table("scan", cases), "denied"),
        ("Apply", put("raw"), "done"),
        ("Apply", send(outputs.wakes_queue), "done"),
        ("Apply", send(outputs.late_queue), "denied"),
        ("Wake", table("put_item", cases, Item=KEY), "done"),
        ("Wake", table("update_item", cases, Key=KEY), "denied"),
        ("Wake", send(outputs.wakes_queue), "done"),
        ("Wake", put("raw"), "denied"),
        ("Act", table("update_item", connections, Key=KEY), "done"),
        ("Act", table("put_item", records, Item=PAIR), "done"),
        ("Act", send(outputs.inbox_queue), "done"),
        ("Act", ("events", "put_events", bus), "denied"),
        ("Project", ("events", "put_events", bus), "done"),
        ("Project", put("journal"), "done"),
        ("Project", table("get_item", cases, Key=KEY), "denied"),
    ]
    found = [(function, call[:2], ask(function, call)[0]) for function, call, _ in rows]
    assert found == [(function, call[:2], wanted) for function, call, wanted in rows]


def test_one_bad_message_of_a_batch_stays(engine: LocalEngine, outputs: Outputs) -> None:
    queues = engine.client("sqs")
    entries = [{"Id": str(n), "MessageBody": "fail" if n == 0 else "fine"} for n in range(4)]
    queues.send_message_batch(QueueUrl=outputs.late_queue, Entries=entries)

    def left() -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = queues.get_queue_attributes(QueueUrl=outputs.late_queue, AttributeNames=names)["Attributes"]
        return int(told[names[0]]), int(told[names[1]])

    _eventually(lambda: left() == (0, 1), "three are done, the failed one waits for its visibility to end")


def test_the_same_again_changes_nothing(engine: LocalEngine, outputs: Outputs) -> None:
    said: list[str] = []
    engine._report = said.append
    assert engine.deploy() == outputs
    assert said == [f"{STACK} is up to date"]


def test_shards_never_become_fewer(engine: LocalEngine, outputs: Outputs) -> None:
    with pytest.raises(StackError, match="Shards: found 0, wanted at least 1"):
        engine.deploy({"Shards": "0"})


def test_a_persons_own_settings_are_not_looked_at(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nca_bundle = /nowhere\nregion = nowhere-1\n")
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "https://aws.invalid",
        "HTTP_PROXY": "http://proxy.invalid:1",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_SECRET_ACCESS_KEY": "real",
    }.items():
        monkeypatch.setenv(name, value)
    engine._clients.clear()
    assert engine.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert engine.client("sts").meta.region_name == "us-east-1"


def test_a_state_directory_has_one_engine(engine: LocalEngine, state: Path) -> None:
    with pytest.raises(LocalEngineError, match="in use by another run"):
        LocalEngine(state).start()


def test_a_port_has_one_engine(engine: LocalEngine, tmp_path: Path) -> None:
    with pytest.raises(LocalEngineError, match="is in use"):
        LocalEngine(tmp_path, port=int(engine.endpoint.rsplit(":", 1)[1])).start()


def test_a_stop_keeps_all_and_the_stream_goes_on(project_root: Path, tmp_path: Path) -> None:
    with LocalEngine(tmp_path, root=project_root) as first:
        before = first.deploy()
        first.client("dynamodb").put_item(TableName=before.cases_table, Item={"key": {"S": "written-at-the-end"}})
        group = first._process.pid if first._process else 0
    # Killed is not yet gone: on a busy machine the last of them takes a moment to die.
    assert group
    _eventually(lambda: not _live_group(group), "no process outlives the stop")
    with LocalEngine(tmp_path, root=project_root) as second:
        said: list[str] = []
        second._report = said.append
        after = second.deploy()
        assert (after, said) == (before, [f"{STACK} is up to date"]), "the same addresses, on the same port"
        assert _get(second, after.cases_table, key="written-at-the-end")
        assert _get(second, after.records_table, key="projected", sort="written-at-the-end"), "drained before the stop"
        second.client("dynamodb").put_item(TableName=after.cases_table, Item={"key": {"S": "written-after"}})
        _eventually(
            lambda: _get(second, after.records_table, key="projected", sort="written-after"), "the stream goes on"
        )


PARENT = """
import sys, time
from pathlib import Path
from infra.local import LocalEngine
with LocalEngine(Path(sys.argv[1])) as engine:
    engine.client("s3").create_bucket(Bucket="kept")
    print(engine._process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_engine_never_outlives_its_parent(tmp_path: Path, end: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        os.kill(parent.pid, end)
        parent.wait(30)
        _eventually(lambda: not _live_group(child), "the engine ended too")
    finally:
        parent.kill()
    with LocalEngine(tmp_path) as again:
        names = [each["Name"] for each in again.client("s3").list_buckets()["Buckets"]]
    assert "kept" in names, "its state was written all the same"
