"""The store on S3-compatible storage: the same names, a bucket instead of a folder, and a local cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PART = 16 << 20
# Copies inside the bucket move no bytes here; a part may have five gigabytes at most.
COPIED = 1 << 30
WAITING = "incoming/"


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
    return _size(address(sha256))


def _size(place: dict[str, str]) -> int | None:
    from botocore.exceptions import ClientError

    with _asking("did not answer"):
        try:
            return int(client().head_object(**place)["ContentLength"])
        except ClientError as problem:
            if problem.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def send(source: Path, sha256: str, look: Callable[[], None]) -> None:
    """Upload, in parts if it is large; what `look` raises ends it and leaves nothing."""
    if size(sha256) != source.stat().st_size:
        _upload(source, address(sha256), look)


def _upload(source: Path, place: dict[str, str], look: Callable[[], None]) -> None:
    from boto3.s3.transfer import TransferConfig

    calm = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
    with _asking("did not take the file"):
        client().upload_file(
            str(source), place["Bucket"], place["Key"], Config=calm, Callback=lambda _: look()
        )


def _waiting(name: str) -> dict[str, str]:
    bucket, prefix = settings.STORE_BUCKET or ("", "")
    return {"Bucket": bucket, "Key": f"{prefix}{WAITING}{name}"}


def bring(source: Path, name: str, look: Callable[[], None]) -> None:
    """Upload under a name of its own, long before anyone waits for it; `settle` puts it under its hash."""
    if _size(_waiting(name)) != source.stat().st_size:
        _upload(source, _waiting(name), look)


def settle(name: str, sha256: str) -> None:
    """What was brought under the name is now under its hash, copied inside the bucket; harmless if there is none."""
    from boto3.s3.transfer import TransferConfig

    waits = _waiting(name)
    if size(sha256) is None and _size(waits) is not None:
        place = address(sha256)
        calm = TransferConfig(multipart_threshold=COPIED, multipart_chunksize=COPIED)
        with _asking("did not move the file"):
            client().copy(waits, place["Bucket"], place["Key"], Config=calm)
    discard(name)


def discard(name: str) -> None:
    with _asking("did not delete the file"):
        client().delete_object(**_waiting(name))


def remove(sha256: str) -> None:
    """Delete the object of a hash; harmless if there is none."""
    with _asking("did not delete the file"):
        client().delete_object(**address(sha256))


def sweep(live: Collection[str], older_than: float) -> int:
    """Delete what was brought, for none of the names in `live`, more than so many seconds ago."""
    place, gone = _waiting(""), 0
    with _asking("did not answer"):
        pages = (
            client().get_paginator("list_objects_v2").paginate(Bucket=place["Bucket"], Prefix=place["Key"])
        )
        for item in (item for page in pages for item in page.get("Contents", [])):
            name = item["Key"].removeprefix(place["Key"])
            if name not in live and time.time() - item["LastModified"].timestamp() > older_than:
                discard(name)
                gone += 1
    return gone


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
