"""Places where data may stay: what each kind is described by, and which of them the operator allows. Reads settings only."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from kernel.decision import Reason

KINDS = {
    "folder": "A folder of Parquet files",
    "s3": "S3-compatible storage",
    "postgres": "A PostgreSQL database",
}
# Parts of a place that are sealed and never shown; all others are its address.
SECRETS = {"folder": (), "s3": ("key", "secret"), "postgres": ("password",)}
ADDRESSES = {
    "folder": ("path",),
    "s3": ("url", "endpoint", "region"),
    "postgres": ("host", "port", "database", "user", "sslmode", "table", "query"),
}
# No more than a host and a port, so that no library can understand another host than the one that is checked.
ENDPOINT = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9][a-z0-9.-]*)(:(?P<port>[0-9]{1,5}))?")
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f]*)?")
REGION = re.compile(r"[a-z0-9-]{1,40}")
AWS = "s3.amazonaws.com"
USUAL = {"postgres": "5432", "https": "443", "http": "80"}
ASK = "The operator of the portal can allow it"


def roots_of(organisation_slug: str) -> list[str]:
    """Folders below which this organisation may register data."""
    return [path for slug, path in settings.DATA_ROOTS if slug in ("*", organisation_slug)]


def host_of(address: Mapping[str, Any]) -> str:
    """`host:port` that the place is asked at; a socket's folder as it stands; "" for a folder or nonsense."""
    if address.get("kind") == "postgres":
        host = str(address.get("host") or "").strip()
        return host if host.startswith("/") or not host else f"{host.lower()}:{address.get('port') or 5432}"
    if address.get("kind") != "s3":
        return ""
    endpoint = str(address.get("endpoint") or "").strip().lower()
    if not endpoint:
        return f"{AWS}:443"
    found = ENDPOINT.fullmatch(endpoint)
    return f"{found['host']}:{found['port'] or USUAL[found['scheme']]}" if found else ""


def _listed(host: str, kind: str) -> bool:
    """Whether DATA_HOSTS names it: with its port, or without one where it is the usual port."""
    name, _, port = host.rpartition(":")
    usual = port in (("5432",) if kind == "postgres" else ("443", "80"))
    return host in settings.DATA_HOSTS or (usual and name in settings.DATA_HOSTS)


def refusal(address: Mapping[str, Any], organisation_slug: str) -> Reason | None:
    """Why this organisation may not register the place, or None. `field` is the part that it is about."""
    kind = str(address.get("kind", ""))
    if kind == "folder":
        path = os.path.normpath(str(address.get("path") or ""))
        roots = [os.path.normpath(root) for root in roots_of(organisation_slug)]
        if any(path == root or path.startswith(f"{root.rstrip('/')}/") for root in roots):
            return None
        text = "This folder is not among those that your organisation may register"
        return Reason("place.not_allowed", text, remedy=ASK, field="path")
    host = host_of(address)
    if host and _listed(host, kind):
        return None
    field = "host" if kind == "postgres" else "endpoint"
    return Reason("place.not_allowed", f"The portal may not connect to {host or 'this address'}", remedy=ASK, field=field)  # fmt: skip


def any_allowed(kind: str, organisation_slug: str) -> bool:
    """Whether there is anything of this kind that the organisation could register."""
    return bool(roots_of(organisation_slug) if kind == "folder" else settings.DATA_HOSTS)


def in_words(address: Mapping[str, Any]) -> str:
    """One line without secrets: what is read, and where."""
    kind = address.get("kind")
    if kind == "folder":
        return str(address.get("path", ""))
    if kind == "s3":
        endpoint = str(address.get("endpoint") or "")
        return f"{address.get('url', '')}{f' at {endpoint}' if endpoint else ''}"
    if kind == "postgres":
        what = f"table {address['table']}" if address.get("table") else "a query"
        return f"{what} in {address.get('database', '')} on {address.get('host', '')}"
    return ""


def name_of(address: Mapping[str, Any]) -> str:
    """What a version read there is called before others: no host, no folder above."""
    if address.get("kind") == "postgres":
        return str(address.get("table") or "query")
    return str(address.get("path") or address.get("url") or "").rstrip("/").rpartition("/")[2] or "data"


def for_reader(
    address: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The place and its secrets as `jobs.pipeline.places.snapshot` takes them."""
    if address["kind"] != "postgres":
        return dict(address), dict(secrets)
    parts = {
        "host": address["host"], "port": address.get("port"), "dbname": address["database"], "user": address["user"],
        "password": secrets.get("password"), "sslmode": address.get("sslmode"),
    }  # fmt: skip
    what = {name: address[name] for name in ("table", "query") if address.get(name)}
    return {"kind": "postgres", **what}, {"dsn": " ".join(f"{k}={_quoted(v)}" for k, v in parts.items() if v)}


def _quoted(value: Any) -> str:
    """A value of a libpq connection string."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
