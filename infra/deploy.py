"""Deploys to a real AWS account: the same package and the same stack as on a laptop, under redress-STAGE.

It uses the credentials that boto3 finds; nothing else of Redress does. Tables, bucket and keys outlive the stack.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.package import package
from infra.stack import Outputs, Report, StackError, Target, bring_up

AWS_ERRORS = (BotoCoreError, ClientError)
"""What AWS, or the lack of credentials for it, may raise while deploying."""

_PATIENCE_SECONDS = 3.0
# The keys' policies know the roles by names that CloudFormation makes of the stack's and cuts at 64 characters.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")


def deploy(
    stage: str,
    region: str,
    parameters: Mapping[str, str] | None = None,
    *,
    report: Report = print,
    clients: Callable[[str], Any] | None = None,
) -> Outputs:
    """Brings the stack of `stage` up in `region` and returns where everything is.

    `parameters` are those of infra/template.yaml; one not given keeps its value. Raises StackError, PackageError, and
    what boto3 raises about credentials.
    """
    if not _STAGE.fullmatch(stage):
        raise StackError(f"stage: found {stage!r}, wanted up to 20 of a-z, 0-9 and -, beginning with a letter")
    given = dict(parameters or {})
    for name in ("Stage", "LocalEndpoint"):
        if name in given:
            raise StackError(f"{name}: found a value, wanted none: it is set by deploy itself")
    if clients is None:
        session = boto3.session.Session(region_name=region)
        clients = session.client
    report("packaging")
    made = package()
    bucket = _artifact_bucket(clients, region)
    target = Target(clients, f"redress-{stage}", bucket, _PATIENCE_SECONDS, report)
    return bring_up(target, made, {**given, "Stage": stage})


def _artifact_bucket(clients: Callable[[str], Any], region: str) -> str:
    """The bucket that holds this account's packages; made, and closed to the public, where it is missing."""
    account: str = clients("sts").get_caller_identity()["Account"]
    name = f"redress-artifacts-{account}-{region}"
    s3 = clients("s3")
    try:
        # The expected owner: a bucket of that name in a stranger's account must never get our code.
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=account)
        return name
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise StackError(f"bucket {name} exists and is not yours to use") from error
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **place)
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    return name
