"""Everything on one machine with one command; Ctrl-C stops it all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from portal.demo.supervisor import CannotStart, Supervisor, port_is_free
from portal.env import own_secret

KEEPS_MAIL = "django.core.mail.backends.filebased.EmailBackend"
SEEDED, SEEDING = "demo-seeded", "demo-seeding"


def port_of(given: str) -> int:
    """The port to listen on. Raises CommandError with a sentence."""
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise CommandError(f"PORT={given} is not a port; choose a number from 1024 to 65535.")
    return int(given)


def _has_people() -> bool:
    """Whether someone has an account in the database; no when there is no table yet."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM organisations_user LIMIT 1")
            return cursor.fetchone() is not None
    except DatabaseError:
        return False
    finally:
        connection.close()


class Command(BaseCommand):
    help = "Starts broker, web, worker and beat on this machine; --demo adds people and data; --reset begins anew."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true")
        parser.add_argument("--reset", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        host, port = os.environ.get("HOST", "127.0.0.1"), port_of(os.environ.get("PORT", "8000"))
        address = f"http://{host}:{port}"
        var = settings.COMMONHOLD_VAR
        if options["demo"]:
            self._only_the_demo(var, port)
        if options["reset"] or (options["demo"] and (var / SEEDING).exists()):
            # A demo that was interrupted while it was made is made anew.
            self._reset(var)
        env = dict(os.environ)
        if not env.get("SECRET_KEY") and not env.get("SECRET_KEY_FILE"):
            own_secret(var)
            env["SECRET_KEY_FILE"] = str(var / "secret-key")
        env.setdefault("SITE_URL", address)
        # Beside the secret: seals and links of a command in another terminal carry the same name.
        (var / "site-url").write_text(env["SITE_URL"], encoding="utf-8")
        env.setdefault("CSRF_TRUSTED_ORIGINS", address)
        if not any(env.get(name) for name in ("DEMO", "EMAIL_HOST", "EMAIL_BACKEND")) and not options["demo"]:
            # Nobody has said where mail goes: it stays here, to be read, rather than to fail.
            env["EMAIL_BACKEND"] = KEEPS_MAIL
        if options["demo"]:
            env["DEMO"] = "1"
        if any(
            os.environ.get(k) != env.get(k) for k in ("SECRET_KEY_FILE", "SITE_URL", "DEMO", "EMAIL_BACKEND")
        ):
            # Settings are read once at start: begin again with what they must be.
            arguments = [a for a, on in (("--demo", options["demo"]),) if on]
            os.execve(sys.executable, [sys.executable, "manage.py", "runlocal", *arguments], env)  # noqa: S606
        supervisor = Supervisor(host, port, env)
        # Also when started in the background, where a shell has Ctrl-C ignored.
        for what in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(what, self._interrupt)
        try:
            supervisor.check()
            supervisor.start_broker()
            self._say("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
            call_command("collectstatic", verbosity=0, interactive=False)
            supervisor.start_work()
            supervisor.start_web()
            if options["demo"] and not (var / SEEDED).exists():
                self._say("Making the demo: real flights through the real worker. This takes a minute …")
                (var / SEEDING).touch()
                call_command("seed_demo")
                (var / SEEDING).rename(var / SEEDED)
            supervisor._wait(supervisor.worker_answers, 60, "The worker did not answer")
            self._say(f"\nCommonhold is at {address}  (ready after {time.monotonic() - started:.0f} s)")
            if options["demo"]:
                self._say(
                    "Choose a person on the first page: Dana decides, Piotr asks, Rui reviews, Ada governs, Ines audits."
                )
            if env.get("EMAIL_BACKEND") == KEEPS_MAIL:
                self._say(
                    f"No mail server is named (EMAIL_HOST): mails are kept in {settings.EMAIL_FILE_PATH}, one file each."
                )
            self._say("Ctrl-C stops everything; your data stays under var/.")
            supervisor.watch()
        except CannotStart as problem:
            raise CommandError(str(problem)) from None
        except OSError as problem:
            raise CommandError(
                f"Something could not be written: {problem.strerror}. Is the disk full?"
            ) from None
        except KeyboardInterrupt:
            self._say("\nStopping …")
        finally:
            supervisor.stop()

    @staticmethod
    def _interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    @staticmethod
    def _only_the_demo(var: Path, port: int) -> None:
        """A portal of one's own is neither filled with invented people nor thrown away."""
        ours = (var / SEEDED).exists() or (var / SEEDING).exists()
        if not ours and (var / "commonhold.sqlite3").exists() and _has_people():
            raise CommandError(
                f"{var} holds a portal that is not the demo; keep it with `make run`, or give the demo a place of "
                f"its own: COMMONHOLD_VAR=var-demo PORT={port} make demo"
            )
        if not port_is_free(os.environ.get("HOST", "127.0.0.1"), port):
            # Before anything is reset: what runs there may be this very demo.
            raise CommandError(f"Port {port} is taken; stop what uses it, or start with PORT={port + 1}.")

    def _reset(self, var: Path) -> None:
        """Only what the portal itself keeps under its own folder."""
        for name in ("store", "work", "valkey", "log", "run"):
            shutil.rmtree(var / name, ignore_errors=True)
        for name in (
            "commonhold.sqlite3",
            "commonhold.sqlite3-wal",
            "commonhold.sqlite3-shm",
            SEEDED,
            SEEDING,
        ):
            (var / name).unlink(missing_ok=True)
