"""Whether an engine keeps the one promise that everything rests on: of many conditional writes at once, one wins.

64 threads write the same new item on condition that it is absent, and then over the version that all have read; 1,000
rounds of each, on a table of its own. Any engine, by endpoint:

    .venv/bin/python -m tests.bench.atomicity --endpoint http://127.0.0.1:4566
    .venv/bin/python -m tests.bench.atomicity                 # whatever AWS account the environment names
    .venv/bin/python -m tests.bench.atomicity --moto          # moto, in this process

Exit code 1 where more than one won, or none did.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

THREADS, ROUNDS = 64, 1000


def table(dynamodb: Any, name: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)


def race(dynamodb: Any, name: str, pool: ThreadPoolExecutor, threads: int, key: str, read: int | None) -> int:
    """How many of the writers believe that they have won. `read`: over this version; None: where absent."""
    gate = threading.Barrier(threads)

    def write(writer: int) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(n)"}
        if read is not None:
            values = {":read": {"N": str(read)}}
            condition = {"ConditionExpression": "n = :read", "ExpressionAttributeValues": values}
        item = {"key": {"S": key}, "n": {"N": str((read or 0) + 1)}, "by": {"N": str(writer)}}
        gate.wait()
        try:
            dynamodb.put_item(TableName=name, Item=item, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    return sum(pool.map(write, range(threads)))


def check(dynamodb: Any, threads: int = THREADS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Winners over all rounds: how often each number of them came about."""
    name = f"redress-atomicity-{os.getpid()}-{int(time.time())}"
    table(dynamodb, name)
    winners: Counter[int] = Counter()
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(threads) as pool:
            for number in range(rounds):
                key = f"case-{number}"
                winners[race(dynamodb, name, pool, threads, key, None)] += 1
                winners[race(dynamodb, name, pool, threads, key, 1)] += 1
    finally:
        dynamodb.delete_table(TableName=name)
    return {
        "threads": threads, "rounds": rounds, "races": 2 * rounds, "one_winner": winners[1],
        "several": sum(count for number, count in winners.items() if number > 1), "none": winners[0],
        "atomic": winners[1] == 2 * rounds, "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", help="base URL of an engine; default: AWS")
    parser.add_argument("--moto", action="store_true")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    if args.endpoint or args.moto:
        local = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
        os.environ.update(local)
        os.environ.pop("AWS_PROFILE", None)
    if args.moto:
        from moto import mock_aws
    with mock_aws() if args.moto else nullcontext():
        config = Config(max_pool_connections=args.threads, retries={"total_max_attempts": 1}, read_timeout=60)
        dynamodb = boto3.client("dynamodb", endpoint_url=args.endpoint, config=config)
        told = check(dynamodb, args.threads, args.rounds)
    print(json.dumps(told))
    return 0 if told["atomic"] else 1


if __name__ == "__main__":
    sys.exit(main())
