"""A policy per function, each as narrow as CloudFormation can say it; the keys decide who reads secrets."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT

Statements = Mapping[str, list[dict[str, Any]]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _allowed(statements: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each pair of an action and a resource's text."""
    for statement in statements:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield action, json.dumps(resource)


def _touch(statements: Statements, prefix: str, resource: str) -> dict[str, set[str]]:
    return {
        function: verbs
        for function, each in statements.items()
        if (verbs := {action for action, on in _allowed(each) if action.startswith(prefix) and resource in on})
    }


def test_each_function_has_a_role_of_its_own(template: dict[str, Any]) -> None:
    roles = [
        each["Properties"]["Role"]["Fn::GetAtt"][0]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Serverless::Function"
    ]
    assert len(set(roles)) == len(roles) == 10


def test_no_role_has_a_wildcard_action_or_every_resource(statements: Statements) -> None:
    for function, each in statements.items():
        for action, resource in _allowed(each):
            assert "*" not in action, function
            assert resource != '"*"', f"{function}: {action}"


def test_every_policy_file_is_used(template: dict[str, Any]) -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    named = {Path(each["iam_policy_file"]).name for each in config["lambda_functions"].values()}
    assert named == {path.name for path in (ROOT / "infra" / "policies").glob("*.json")}


@pytest.mark.parametrize(
    ("prefix", "resource", "expected"),
    [
        pytest.param("kms:Decrypt", "SecretsKey", {"Hook", "Act"}, id="secrets are read where they are used"),
        pytest.param("kms:Encrypt", "SecretsKey", {"APIHandler", "Act"}, id="ops connect stores, act renews tokens"),
        pytest.param("dynamodb:Delete", "CasesTable", set(), id="nothing is rewritten"),
        pytest.param(
            "dynamodb:Scan",
            "Table",
            {"APIHandler", "Audit"},
            id="ops preview a change over all cases, the audit proves them",
        ),
        pytest.param("dynamodb:Query", "CasesTable", {"Sweep"}, id="only the sweep looks across cases"),
        pytest.param("events:", "Escalations", {"Apply", "Project", "Sweep", "APIHandler"}, id="who tells the bus"),
        pytest.param("s3:PutObject", "/journal/", {"Project", "Audit", "APIHandler"}, id="audits mend it"),
        pytest.param("s3:PutObject", "/policies/", {"APIHandler"}, id="rules come in through ops alone"),
        pytest.param("s3:PutObject", "/inbox/", {"Hook"}, id="large bodies"),
        pytest.param("s3:Delete", "Archive", set(), id="what expires does so by the bucket's own rule"),
        pytest.param("sqs:ReceiveMessage", "InboxQueue", {"Apply"}, id="one reader of the inbox"),
        pytest.param("sqs:ReceiveMessage", "Dlq", {"APIHandler"}, id="dead letters are read by ops"),
        pytest.param(
            "sqs:SendMessage",
            "InboxQueue",
            {"Hook", "Act", "APIHandler", "Sellers"},
            id="looks, redrives and what was undone on the platform come back",
        ),
        pytest.param(
            "dynamodb:UpdateItem", "ConnectionsTable", {"APIHandler", "Act"}, id="ops connect, act renews tokens"
        ),
        pytest.param("dynamodb:UpdateItem", "CasesTable", set(), id="one conditional put per change of a case"),
    ],
)
def test_a_right_is_held_by_those_who_need_it(
    statements: Statements, prefix: str, resource: str, expected: set[str]
) -> None:
    assert set(_touch(statements, prefix, resource)) == expected


def test_the_hook_can_do_four_things_and_read_the_queues_that_platforms_fill(statements: Statements) -> None:
    beyond = {action for action, _ in _allowed(statements["Hook"])} - {"logs:CreateLogStream", "logs:PutLogEvents"}
    wanted = {"dynamodb:GetItem", "sqs:SendMessage", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"}
    read = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert beyond == wanted | read
    queues = {resource for action, resource in _allowed(statements["Hook"]) if action in read}
    assert len(queues) == 1 and "${AWS::StackName}_*" in queues.pop(), "not the stack's own queues, which hold no _"


def test_each_function_writes_to_its_own_log_alone(statements: Statements) -> None:
    for function, each in statements.items():
        logs = {resource for action, resource in _allowed(each) if action.startswith("logs:")}
        assert logs == {json.dumps({"Fn::GetAtt": [f"{function}Log", "Arn"]})}


WHERE = {
    "REDRESS_CASES": "CasesTable",
    "REDRESS_CONNECTIONS": "ConnectionsTable",
    "REDRESS_RECORDS": "RecordsTable",
    "REDRESS_INBOX": "InboxQueue",
    "REDRESS_WAKES": "WakesQueue",
    "REDRESS_LATE": "LateQueue",
    "REDRESS_ACTIONS": "ActionsQueue",
    "REDRESS_BUCKET": "ArchiveBucket",
    "REDRESS_BUS": "Escalations",
    "REDRESS_SECRETS_KEY": "SecretsKey",
    "REDRESS_INBOX_DLQ": "InboxDlq",
    "REDRESS_PROJECT_AGAIN": "ProjectAgainQueue",
}


def test_a_function_is_told_of_what_it_may_use_and_of_nothing_else(
    statements: Statements, template: dict[str, Any]
) -> None:
    for function, each in statements.items():
        # What a trigger reads for the function, and where it leaves what failed, the function need not know.
        own = [one for one in each if one["Sid"] not in {"Consume", "Stream"}]
        used = {name for name in WHERE if any(WHERE[name] in resource for _, resource in _allowed(own))}
        told = set(template["Resources"][function]["Properties"]["Environment"]["Variables"]) & WHERE.keys()
        assert told == used, function


def test_the_secrets_key_itself_names_its_readers(
    of_type: Callable[[str], dict[str, dict[str, Any]]],
) -> None:
    policy = of_type("AWS::KMS::Key")["SecretsKey"]["KeyPolicy"]["Statement"]
    uses = {"kms:Decrypt": ["HookRole", "ActRole"], "kms:Encrypt": ["ApiHandlerRole", "ActRole"]}
    found: dict[str, list[str]] = {}
    for statement in policy:
        for action in _listed(statement["Action"]):
            assert "*" not in action
            if action in uses:
                patterns = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
                found[action] = [each["Fn::Sub"].rsplit("-", 2)[1] for each in patterns]
            else:
                assert "crypt" not in action and "DataKey" not in action and "Grant" not in action
    assert found == uses


def test_the_roles_that_the_secrets_key_names_exist(template: dict[str, Any]) -> None:
    assert {"HookRole", "ActRole", "ApiHandlerRole"} <= template["Resources"].keys()
