"""The store on S3-compatible storage: the same names, a bucket instead of a folder, and a local cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PART = 16 << 20


class StoreAway(Exception):
    """The storage did not do what it was asked; the sentence says what."""


@lru_cache(maxsize=4)
def _client(endpoint: str, region: str, access: str, secret: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise ImproperlyConfigured("STORE_URL needs boto3: pip install --require-hashes -r requirements/s3.txt") from None  # fmt: skip
    patience = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3}, s3={"addressing_style": "path"})  # fmt: skip
    return boto3.client(
        "s3", endpoint_url=endpoint or None, region_name=region or None, aws_access_key_id=access or None,
        aws_secret_access_key=secret or None, config=patience,
    )  # fmt: skip


def client() -> Any:
    return _client(settings.S3_ENDPOINT, settings.S3_REGION, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY)


def address(sha256: str) -> dict[str, str]:
    """Bucket and key of a hash."""
    bucket, prefix = settings.STORE_BUCKET or ("", "")
    return {"Bucket": bucket, "Key": f"{prefix}{sha256[:2]}/{sha256[2:]}"}


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn the library's errors into a sentence."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as problem:
        raise StoreAway(f"The file store {what}: {str(problem)[:200]}") from problem


def size(sha256: str) -> int | None:
    """Bytes of the object, or None if there is none."""
    from botocore.exceptions import ClientError

    with _asking("did not answer"):
        try:
            return int(client().head_object(**address(sha256))["ContentLength"])
        except ClientError as problem:
            if problem.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def send(source: Path, sha256: str, look: Callable[[], None]) -> None:
    """Upload, in parts if it is large; what `look` raises ends it and leaves nothing."""
    if size(sha256) == source.stat().st_size:
        return
    from boto3.s3.transfer import TransferConfig

    calm = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
    place = address(sha256)
    with _asking("did not take the file"):
        client().upload_file(
            str(source), place["Bucket"], place["Key"], Config=calm, Callback=lambda _: look()
        )


def stream(sha256: str) -> Any:
    """A readable stream of the object; FileNotFoundError if there is none."""
    if size(sha256) is None:
        raise FileNotFoundError(f"{sha256} is not in the store")
    with _asking("did not give the file"):
        return client().get_object(**address(sha256))["Body"]


def fetch(sha256: str, target: Path, look: Callable[[], None] = lambda: None) -> None:
    """Copy the object to `target`, whole and with the right hash, or not at all."""
    body, digest = stream(sha256), hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".half-")
    half = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out, _asking("broke off"):
            for chunk in body.iter_chunks(1 << 20):
                look()
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != sha256:
            raise StoreAway("The file store gave other bytes than were put there.")
        half.chmod(0o440)
        half.replace(target)
    finally:
        body.close()
        half.unlink(missing_ok=True)
