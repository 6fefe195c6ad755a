"""Objects in one S3 bucket. The bucket's own rules encrypt them and end their lives, by the prefix of the key."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, code
from chalicelib.ports.keys import check_blob


class S3Blobs:
    """Objects by key. A role that may not list the bucket is told AccessDenied for an absent key, not KeyError."""

    __slots__ = ("_bucket",)

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        client("s3").put_object(Bucket=self._bucket, Key=check_blob(key), Body=body)

    def get(self, key: str) -> bytes:
        try:
            answer = client("s3").get_object(Bucket=self._bucket, Key=check_blob(key))
        except ClientError as error:
            if code(error) in ("NoSuchKey", "404"):
                raise KeyError(key) from None
            raise
        body: bytes = answer["Body"].read()
        return body

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        past = {"StartAfter": after} if after else {}
        return self._pages({"Bucket": self._bucket, "Prefix": check_blob(prefix), **past})

    def _pages(self, query: dict[str, Any]) -> Iterator[str]:
        while True:
            page = client("s3").list_objects_v2(**query)
            for one in page.get("Contents", ()):
                yield one["Key"]
            if not page.get("IsTruncated"):
                return
            query["ContinuationToken"] = page["NextContinuationToken"]
