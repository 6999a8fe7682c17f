"""Typed readers of the environment. A missing or impossible value stops the start, by name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """1/0, true/false, yes/no, on/off."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use 1 or 0")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if value == "":
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; a whole number is needed") from None


def choice(name: str, allowed: list[str]) -> str:
    """One of the allowed words; the first if nothing is set."""
    value = os.environ.get(name, "") or allowed[0]
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; use one of {', '.join(allowed)}")
    return value


def words(name: str, default: list[str]) -> list[str]:
    """A list separated by commas."""
    value = os.environ.get(name, "")
    return [item.strip() for item in value.split(",") if item.strip()] or default


def roots(name: str) -> list[tuple[str, str]]:
    """Pairs of slug and absolute folder from `slug=/folder,*=/folder`; `*` means every organisation."""
    found = []
    for item in words(name, []):
        slug, _, path = item.partition("=")
        if not slug.strip() or not path.strip().startswith("/"):
            raise ImproperlyConfigured(f"{name} has {item!r}; use organisation=/folder or *=/folder")
        found.append((slug.strip(), path.strip()))
    return found


def secret(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE points at."""
    if os.environ.get(name):
        return os.environ[name]
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ImproperlyConfigured(f"{name}_FILE points at {file}: {problem.strerror}") from None
    return default


def own_secret(var: Path) -> str:
    """The installation's own secret in its folder, made once and readable by its owner only."""
    var.mkdir(parents=True, exist_ok=True)
    file = var / "secret-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


def kept(var: Path, name: str) -> str:
    """What `runlocal` wrote down of this installation, so that a command in another terminal is the same portal."""
    file = var / name
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def bucket(name: str) -> tuple[str, str] | None:
    """Bucket and prefix ("" or ending in "/") of s3://bucket/prefix; None if nothing is set."""
    value = os.environ.get(name, "")
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme != "s3" or not parts.netloc or parts.query:
        raise ImproperlyConfigured(f"{name} is {value!r}; use s3://bucket/prefix")
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def database(url: str, var: Path) -> dict[str, object]:
    """Django's DATABASES entry from a URL: sqlite:///file or postgresql://user:pw@host:port/name.

    A PostgreSQL host may be a directory with the server's socket: `postgresql:///name?host=/run/pg`.
    """
    if not url:
        url = f"sqlite:///{var / 'commonhold.sqlite3'}"
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]) or ":memory:",
            # Tests use a file too, so that a worker and a second thread see what the test sees.
            "TEST": {"NAME": str(var / "test.sqlite3")},
            # WAL and IMMEDIATE: readers never wait, one writer at a time, so check-then-write is safe.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = parse_qs(parts.query)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.get("host", [parts.hostname or ""])[0],
            "PORT": str(query.get("port", [parts.port or ""])[0]),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            # A verb that waits longer than this for a row tells its caller so instead of hanging.
            "OPTIONS": {"options": "-c lock_timeout=10000", "connect_timeout": 5},
        }
    raise ImproperlyConfigured(f"DATABASE_URL starts with {parts.scheme!r}; use sqlite:/// or postgresql://")
