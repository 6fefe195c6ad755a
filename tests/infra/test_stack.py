"""Bringing a stack up, against a CloudFormation that answers as told: what is refused, kept and explained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy import deploy
from infra.package import Package
from infra.stack import Outputs, StackError, Target, bring_up

TEMPLATE = """
Parameters:
  Shards: {Type: Number, Default: 64}
  RawDays: {Type: Number, Default: 30}
Resources:
  Hook: {Type: AWS::Serverless::Function, Properties: {CodeUri: ./deployment.zip}}
"""
OUTPUTS = [
    {"OutputKey": "".join(word.title() for word in name.split("_")), "OutputValue": f"the {name}"}
    for name in Outputs.__dataclass_fields__
]


def _error(status: int, text: str) -> ClientError:
    return ClientError({"Error": {"Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Any")


class Storage:
    """S3 with as much as is asked of it."""

    def __init__(self, head_bucket: int = 200) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls: list[str] = []
        self._head_bucket = head_bucket

    def head_object(self, Bucket: str, Key: str) -> None:
        if Key not in self.objects:
            raise _error(404, "no such key")

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        assert Key not in self.objects, "put once"
        self.objects[Key] = Body

    def generate_presigned_url(self, operation: str, Params: dict[str, str]) -> str:
        return f"https://{Params['Bucket']}.s3.amazonaws.com/{Params['Key']}?Signature=secret"

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:
        if self._head_bucket != 200:
            raise _error(self._head_bucket, "no")

    def create_bucket(self, **arguments: Any) -> None:
        self.calls.append(f"create {arguments}")

    def put_public_access_block(self, **arguments: Any) -> None:
        self.calls.append("closed")


class Formation:
    """CloudFormation that holds one stack; `changes` is what a change set would do, `ends` how carrying it out ends."""

    def __init__(self, stack: dict[str, Any] | None = None) -> None:
        self.stack = stack
        self.changes: list[dict[str, Any]] = [{"ResourceChange": {"LogicalResourceId": "Hook", "Action": "Modify"}}]
        self.refusal: str | None = None
        self.ends = "COMPLETE"
        self.asked: dict[str, Any] = {}
        self.calls: list[str] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self.stack is None:
            raise _error(400, f"Stack with id {StackName} does not exist")
        return {"Stacks": [self.stack]}

    def create_change_set(self, **asked: Any) -> None:
        self.asked = asked

    def describe_change_set(self, **_: Any) -> dict[str, Any]:
        if self.refusal:
            return {"Status": "FAILED", "StatusReason": self.refusal}
        return {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"ResourceChange": {"ResourceType": "x", **c["ResourceChange"]}} for c in self.changes],
        }

    def delete_change_set(self, **_: Any) -> None:
        self.calls.append("change set deleted")

    def execute_change_set(self, **_: Any) -> None:
        verb = self.asked["ChangeSetType"]
        self.calls.append(verb)
        self.stack = {"StackStatus": f"{verb}_{self.ends}", "Outputs": OUTPUTS, "Tags": self.asked["Tags"]}

    def delete_stack(self, StackName: str) -> None:
        self.calls.append("stack deleted")
        self.stack = None

    def describe_stack_events(self, StackName: str, NextToken: str = "") -> dict[str, Any]:
        """Newest first and by pages: the rollback, then what failed, where it began, and a failure of long ago."""
        failed = {"LogicalResourceId": "Bus", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "name taken"}
        if not NextToken:
            return {
                "StackEvents": [{"LogicalResourceId": "Key", "ResourceStatus": "DELETE_COMPLETE"}],
                "NextToken": "2",
            }
        began = {"LogicalResourceId": StackName, "ResourceStatus": "CREATE_IN_PROGRESS"}
        return {"StackEvents": [failed, began, {**failed, "ResourceStatusReason": "of long ago"}]}

    @property
    def parameters(self) -> dict[str, Any]:
        return {each["ParameterKey"]: each.get("ParameterValue", "as before") for each in self.asked["Parameters"]}


@pytest.fixture
def made(tmp_path: Path) -> Package:
    (tmp_path / "sam.yaml").write_text(TEMPLATE)
    (tmp_path / "deployment.zip").write_bytes(b"code")
    return Package("digest", tmp_path / "sam.yaml", tmp_path / "deployment.zip")


@pytest.fixture
def run(made: Package) -> Callable[..., Outputs]:
    storage = Storage()

    def go(formation: Formation, **parameters: str) -> Outputs:
        clients = {"s3": storage, "cloudformation": formation}
        target = Target(clients.__getitem__, "redress-test", "artifacts", 0, lambda line: None)
        return bring_up(target, made, parameters)

    return go


def _present(status: str = "UPDATE_COMPLETE", **parameters: str) -> dict[str, Any]:
    told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    return {"StackStatus": status, "Parameters": told, "Outputs": OUTPUTS}


def test_a_new_stack_is_created_and_says_where_everything_is(run: Callable[..., Outputs]) -> None:
    formation = Formation()
    assert run(formation, Shards="8").cases_table == "the cases_table"
    assert (formation.calls, formation.parameters) == (["CREATE"], {"Shards": "8"})


def test_no_signature_of_an_upload_reaches_cloudformation(run: Callable[..., Outputs]) -> None:
    formation = Formation()
    run(formation)
    assert "secret" not in str(formation.asked)


def test_the_same_again_asks_for_nothing(run: Callable[..., Outputs]) -> None:
    formation = Formation()
    run(formation, Shards="8")
    formation.calls.clear()
    run(formation, Shards="8")
    assert formation.calls == []
    run(formation, Shards="9")
    assert formation.calls == ["UPDATE"], "another value is another stack"


def test_a_parameter_not_given_keeps_its_value(run: Callable[..., Outputs]) -> None:
    formation = Formation(_present(Shards="8", RawDays="7", Gone="1"))
    run(formation, Shards="16")
    assert formation.parameters == {"Shards": "16", "RawDays": "as before"}, "and one that is no more is not sent"


def test_shards_may_only_grow(run: Callable[..., Outputs]) -> None:
    formation = Formation(_present(Shards="64"))
    with pytest.raises(StackError, match="Shards: found 16, wanted at least 64"):
        run(formation, Shards="16")
    assert formation.calls == []


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        pytest.param({"ResourceType": "AWS::DynamoDB::Table", "Action": "Remove"}, True, id="a table removed"),
        pytest.param(
            {"ResourceType": "AWS::KMS::Key", "Action": "Modify", "Replacement": "True"}, True, id="a key replaced"
        ),
        pytest.param(
            {"ResourceType": "AWS::S3::Bucket", "Action": "Modify", "Replacement": "False"}, False, id="a bucket's rule"
        ),
        pytest.param({"ResourceType": "AWS::SQS::Queue", "Action": "Remove"}, False, id="a queue"),
    ],
)
def test_what_holds_data_is_neither_replaced_nor_removed(
    run: Callable[..., Outputs], change: dict[str, str], refused: bool
) -> None:
    formation = Formation(_present())
    formation.changes = [{"ResourceChange": {"LogicalResourceId": "Thing", **change}}]
    if refused:
        with pytest.raises(StackError, match="holds data: Thing"):
            run(formation)
        assert formation.calls == ["change set deleted"]
    else:
        run(formation)
        assert formation.calls == ["UPDATE"]


def test_no_change_is_no_failure(run: Callable[..., Outputs]) -> None:
    formation = Formation(_present())
    formation.refusal = "The submitted information didn't contain changes."
    assert run(formation).bus == "the bus"
    assert formation.calls == ["change set deleted"]


def test_a_refused_change_set_gives_its_reason(run: Callable[..., Outputs]) -> None:
    formation = Formation(_present())
    formation.refusal = "Parameter RawDays must be a number"
    with pytest.raises(StackError, match="RawDays must be a number"):
        run(formation)


def test_a_failure_names_the_resource_and_the_reason(run: Callable[..., Outputs]) -> None:
    formation = Formation()
    formation.ends = "ROLLBACK_COMPLETE"
    with pytest.raises(StackError, match=r"Bus: name taken$"):
        run(formation)


def test_what_a_failed_creation_left_is_removed_first(run: Callable[..., Outputs]) -> None:
    formation = Formation(_present("ROLLBACK_COMPLETE"))
    run(formation)
    assert formation.calls == ["stack deleted", "CREATE"]


@pytest.mark.parametrize("stage", ["", "Prod", "a" * 21, "1st", "a_b"])
def test_a_stage_that_the_keys_could_not_name_is_refused(stage: str) -> None:
    with pytest.raises(StackError, match="stage: found"):
        deploy(stage, "eu-central-1", clients=lambda service: pytest.fail(f"asked for {service}"))


@pytest.mark.parametrize("name", ["Stage", "LocalEndpoint"])
def test_what_deploy_sets_itself_is_not_taken(name: str) -> None:
    with pytest.raises(StackError, match=f"{name}: found a value"):
        deploy("prod", "eu-central-1", {name: "x"}, clients=lambda service: pytest.fail(f"asked for {service}"))


class Identity:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}


@pytest.mark.parametrize(
    ("region", "place"),
    [("us-east-1", {}), ("eu-central-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}})],
)
def test_the_first_deployment_makes_a_closed_bucket(packaged: Package, region: str, place: dict[str, Any]) -> None:
    storage, formation = Storage(head_bucket=404), Formation()
    clients = {"s3": storage, "cloudformation": formation, "sts": Identity()}
    assert deploy("prod", region, report=lambda line: None, clients=clients.__getitem__).bus == "the bus"
    name = f"redress-artifacts-123456789012-{region}"
    assert storage.calls == [f"create { {'Bucket': name, **place} }", "closed"]
    assert formation.asked["StackName"] == "redress-prod"
    assert formation.parameters["Stage"] == "prod"
    assert "LocalEndpoint" not in formation.parameters


def test_our_code_is_not_put_into_a_strangers_bucket(packaged: Package) -> None:
    storage = Storage(head_bucket=403)
    clients = {"s3": storage, "sts": Identity()}
    with pytest.raises(StackError, match="not yours to use"):
        deploy("prod", "us-east-1", report=lambda line: None, clients=clients.__getitem__)
    assert storage.objects == {}
