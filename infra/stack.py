"""Brings a package up as a CloudFormation stack: upload, change set, wait. The same for AWS and for the local engine.

It must never replace or remove what holds data; a change set that would is thrown away. CloudFormation's answers are
read as its API reference describes them.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import yaml
from botocore.exceptions import ClientError

from infra.package import Package

Clients = Callable[[str], Any]
"""Gives the boto3 client of a service; boto3 has no types, so this is where Any ends."""

Report = Callable[[str], None]
"""Takes one line for a person who waits."""

_DIGEST_TAG = "redress-digest"
_KEEPS_DATA = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"}
_NO_CHANGE = ("didn't contain changes", "no updates are to be performed")


class StackError(Exception):
    """The stack could not be brought up; the text says which resource failed and why."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where everything is: base URLs, names of tables, bucket and bus, URLs of queues, ARNs of keys."""

    hook_url: str
    ops_url: str
    cases_table: str
    connections_table: str
    records_table: str
    inbox_queue: str
    wakes_queue: str
    late_queue: str
    actions_queue: str
    inbox_dlq: str
    wakes_dlq: str
    late_dlq: str
    actions_dlq: str
    project_dlq: str
    bucket: str
    bus: str
    data_key: str
    secrets_key: str

    @classmethod
    def read(cls, outputs: Sequence[Mapping[str, str]]) -> "Outputs":
        values = {each["OutputKey"]: each["OutputValue"] for each in outputs}
        names = {field.name: "".join(word.title() for word in field.name.split("_")) for field in fields(cls)}
        missing = sorted(name for name in names.values() if name not in values)
        if missing:
            raise StackError(f"the stack lacks outputs: {', '.join(missing)}")
        return cls(**{field: values[name] for field, name in names.items()})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stack lives. `patience` is the pause between two looks, in seconds."""

    clients: Clients
    stack: str
    artifacts: str
    patience: float
    report: Report


def bring_up(target: Target, package: Package, parameters: Mapping[str, str]) -> Outputs:
    """Creates or updates the stack and returns its outputs; does nothing where the same is already there.

    A parameter not given keeps the value it has, or takes its default on a new stack. Raises StackError.
    """
    template = _upload(target, package)
    digest = hashlib.sha256(f"{template}\n{sorted(parameters.items())}".encode()).hexdigest()[:32]
    present = _describe(target)
    if present is not None and present["StackStatus"] == "ROLLBACK_COMPLETE":
        # A creation that failed leaves a stack that can only be deleted; nothing lives in it.
        target.report(f"removing what a failed creation of {target.stack} left")
        target.clients("cloudformation").delete_stack(StackName=target.stack)
        _settle(target, "DELETE")
        present = None
    if present is not None and present["StackStatus"] == "REVIEW_IN_PROGRESS":
        present = None
    if present is not None:
        _refuse_fewer_shards(present, parameters)
        if _tag(present) == digest and present["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            target.report(f"{target.stack} is up to date")
            return Outputs.read(present["Outputs"])
    _apply(target, package, template, parameters, digest, present)
    return Outputs.read((_describe(target) or {}).get("Outputs", []))


def rendered(package: Package, bucket: str, key: str) -> str:
    """The template as CloudFormation gets it: JSON, with the code in the bucket in place of the relative path."""
    template = yaml.safe_load(package.template.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{key}"
    return json.dumps(template, separators=(",", ":"), sort_keys=True)


def _upload(target: Target, package: Package) -> str:
    """Puts code and template into the artifact bucket under their digests. Returns the template's key."""
    s3 = target.clients("s3")
    code = f"code/{hashlib.sha256(package.code.read_bytes()).hexdigest()}.zip"
    _put_once(s3, target.artifacts, code, package.code.read_bytes)
    body = rendered(package, target.artifacts, code).encode()
    template = f"template/{hashlib.sha256(body).hexdigest()}.json"
    _put_once(s3, target.artifacts, template, lambda: body)
    return template


def _put_once(s3: Any, bucket: str, key: str, body: Callable[[], bytes]) -> None:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=body())


def _describe(target: Target) -> dict[str, Any] | None:
    cloudformation = target.clients("cloudformation")
    try:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=target.stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)


def _tag(stack: Mapping[str, Any]) -> str | None:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == _DIGEST_TAG), None)


def _refuse_fewer_shards(stack: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    now = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    if "Shards" in parameters and "Shards" in now and int(parameters["Shards"]) < int(now["Shards"]):
        raise StackError(
            f"Shards: found {parameters['Shards']}, wanted at least {now['Shards']}: wakes already sit in those shards"
        )


def _apply(
    target: Target,
    package: Package,
    template: str,
    parameters: Mapping[str, str],
    digest: str,
    present: Mapping[str, Any] | None,
) -> None:
    cloudformation = target.clients("cloudformation")
    change = f"redress-{digest[:8]}-{uuid.uuid4().hex[:8]}"
    known = yaml.safe_load(package.template.read_text())["Parameters"].keys()
    kept = {each["ParameterKey"] for each in present.get("Parameters", [])} & known if present else set()
    cloudformation.create_change_set(
        StackName=target.stack,
        ChangeSetName=change,
        ChangeSetType="UPDATE" if present else "CREATE",
        TemplateURL=_url(target, template),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": _DIGEST_TAG, "Value": digest}],
        Parameters=[
            *({"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())),
            *({"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - parameters.keys())),
        ],
    )
    described = _await_change_set(target, change)
    if described is None:
        target.report(f"{target.stack} is up to date")
        return
    _refuse_loss(target, change, described)
    target.report(f"{'updating' if present else 'creating'} {target.stack}: {len(described['Changes'])} changes")
    cloudformation.execute_change_set(StackName=target.stack, ChangeSetName=change)
    _settle(target, "UPDATE" if present else "CREATE")


def _url(target: Target, key: str) -> str:
    url: str = target.clients("s3").generate_presigned_url(
        "get_object", Params={"Bucket": target.artifacts, "Key": key}
    )
    return url.split("?", 1)[0]


def _await_change_set(target: Target, change: str) -> dict[str, Any] | None:
    """The change set once it is ready, with all its changes; None where it would change nothing."""
    cloudformation = target.clients("cloudformation")
    name = {"StackName": target.stack, "ChangeSetName": change}
    while True:
        described: dict[str, Any] = cloudformation.describe_change_set(**name)
        if described["Status"] == "FAILED":
            cloudformation.delete_change_set(**name)
            reason = str(described.get("StatusReason", "no reason given"))
            if any(text in reason.lower() for text in _NO_CHANGE):
                return None
            raise StackError(f"change set of {target.stack}: {reason}")
        if described["Status"] == "CREATE_COMPLETE":
            break
        time.sleep(target.patience)
    more = described.get("NextToken")
    while more:
        page = cloudformation.describe_change_set(**name, NextToken=more)
        described["Changes"] += page["Changes"]
        more = page.get("NextToken")
    return described


def _refuse_loss(target: Target, change: str, described: Mapping[str, Any]) -> None:
    lost = [
        f"{each['LogicalResourceId']} ({each['ResourceType']})"
        for each in (item["ResourceChange"] for item in described["Changes"])
        if each["ResourceType"] in _KEEPS_DATA and (each["Action"] == "Remove" or each.get("Replacement") == "True")
    ]
    if lost:
        target.clients("cloudformation").delete_change_set(StackName=target.stack, ChangeSetName=change)
        raise StackError(f"{target.stack}: this would replace or remove what holds data: {', '.join(sorted(lost))}")


_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")


def _settle(target: Target, verb: str) -> None:
    """Waits until the stack has done `verb`. Raises StackError with the reasons where it did not."""
    while True:
        stack = _describe(target)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        if status == f"{verb}_COMPLETE":
            return
        if not status.endswith("_IN_PROGRESS"):
            raise StackError(f"{target.stack} ended as {status}: {'; '.join(_failures(target))}")
        time.sleep(target.patience)


def _failures(target: Target) -> list[str]:
    """What went wrong in the last attempt; newest first, as CloudFormation tells it."""
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in _last_attempt(target)
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", "")
    ][:5] or ["no reason given"]


def _last_attempt(target: Target) -> Iterator[dict[str, Any]]:
    """Its events back to where it began: what is rolled back tells of itself after the failure, for pages."""
    cloudformation = target.clients("cloudformation")
    more: dict[str, str] = {}
    while True:
        page = cloudformation.describe_stack_events(StackName=target.stack, **more)
        for event in page["StackEvents"]:
            if event["LogicalResourceId"] == target.stack and event["ResourceStatus"] in _BEGINNINGS:
                return
            yield event
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
