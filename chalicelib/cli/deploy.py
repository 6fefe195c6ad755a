"""Deploy to AWS under a stage, with the credentials that boto3 finds; print where everything is.

The first deployment of a stage also makes an admin key for the account and shows it once.
"""

import argparse
import os

from chalicelib.bootstrap import AwsPorts
from chalicelib.cli._common import tell
from chalicelib.cli._local import settings_of
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.ops import keys
from chalicelib.ops.wrong import Clash
from chalicelib.ports.ports import Ports
from chalicelib.settings import Settings
from infra.deploy import AWS_ERRORS, deploy
from infra.package import PackageError
from infra.stack import StackError

KEY = "admin"


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", required=True, help="the deployment's name: its stack is redress-STAGE")
    parser.add_argument("--region", help="default: what AWS_REGION or AWS_DEFAULT_REGION says")
    parser.add_argument("--account", default="main", help="the account that the first key is for; default: main")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of infra/template.yaml"
    )


def run(args: argparse.Namespace) -> int:
    region = args.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise Wrong("--region: found none, wanted a region, there or in AWS_REGION")
    parameters = dict(_pair(text) for text in args.set)
    try:
        outputs = deploy(args.stage, region, parameters, report=lambda text: tell(f"redress: {text}"))
        os.environ.setdefault("AWS_REGION", region)
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
        key = first_key(AwsPorts(Settings(settings_of(outputs))), args.account)
    except (StackError, PackageError) as error:
        tell(f"redress: {error}")
        return NO
    except AWS_ERRORS as error:
        tell(f"redress: AWS: {error}")
        return NO
    print(f"REDRESS_URL={outputs.ops_url}")
    print(f"REDRESS_HOOKS={outputs.hook_url}/hooks/")
    print(f"REDRESS_BUS={outputs.bus}")
    if key:
        print(f"REDRESS_KEY={key}")
        tell("redress: the key is shown this once; make others with redress key create, then remove this one")
    return DONE


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Wrong(f"--set: found {text!r}, wanted NAME=VALUE")
    return name, value


def first_key(ports: Ports, account: str) -> str:
    """An admin key where the account has none of that name yet, else nothing."""
    try:
        return keys.create(ports, account, KEY, "admin")
    except Clash:
        return ""
