"""Write an evidence bundle from a shell."""

from __future__ import annotations

import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from contracts.negotiations.models import Agreement
from jobs.evidence import bundle, scope
from kernel.actor import system
from kernel.decision import Refused
from trusts.datasets.models import Dataset
from trusts.organisations.models import User


class Command(BaseCommand):
    help = "Writes everything that proves what happened with a contract, a dataset, a person's data or in a period, as one zip."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agreement", metavar="ID", help="id (UUID) or short name, such as C-4F7A2C")
        parser.add_argument(
            "--dataset",
            metavar="ID",
            help="id (UUID), or the name in its address, such as flights-2013-4f7a2c",
        )
        parser.add_argument("--person", metavar="EMAIL", help="all that the log holds of a person")
        parser.add_argument("--from", dest="start", metavar="DATE", help="first day, such as 2026-01-31")
        parser.add_argument("--to", dest="end", metavar="DATE", help="last day")
        parser.add_argument("--out", metavar="FILE.zip", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        about, out = self._scope(options), Path(options["out"])
        if not out.parent.is_dir():
            raise CommandError(f"There is no folder {out.parent}.")
        # Beside its place first, so that a half-written bundle never has the name of a whole one.
        handle, name = tempfile.mkstemp(dir=out.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                made = bundle.write(about, system("operator", door="shell"), file)
            Path(name).replace(out)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        finally:
            Path(name).unlink(missing_ok=True)
        self.stdout.write(
            f"{out}: {about.about}; {made.entries} entries, {made.contracts} contracts, {made.exports} exports, {made.files} files. "
            "Unpack it and run `python verify.py` in it."
        )

    def _scope(self, options: dict[str, Any]) -> scope.Scope:
        named = [name for name in ("agreement", "dataset", "person") if options[name]]
        period = options["start"] or options["end"]
        if len(named) + bool(period) != 1:
            raise CommandError("Say one of --agreement, --dataset, --person, or --from and --to.")
        reader = system("operator", door="shell")
        if options["agreement"]:
            return scope.of_agreement(_one(Agreement, options["agreement"]), reader)
        if options["dataset"]:
            return scope.of_dataset(_one(Dataset, options["dataset"]), reader)
        if options["person"]:
            user = User.objects.filter(email__iexact=options["person"]).first()
            if user is None:
                raise CommandError(f"There is no person with the address {options['person']}.")
            return scope.of_person(user)
        return scope.of_period(_day(options["start"]), _day(options["end"], after=1), reader)


def _one(model: Any, name: str) -> Any:
    try:
        found = model.objects.filter(pk=UUID(name)).first()
    except ValueError:
        # What people see of it: its short name, or what stands in its address.
        short = [row for row in model.objects.all() if name in (row.ref, getattr(row, "slug", None))]
        if len(short) > 1:
            raise CommandError(f"{name} could be several; give the id.") from None
        found = short[0] if short else None
    if found is None:
        raise CommandError(f"There is no {model._meta.verbose_name} {name}.")
    return found


def _day(text: str | None, after: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        day: date | None = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"{text} is no day; write it as 2026-01-31.")
    return timezone.make_aware(datetime.combine(day + timedelta(days=after), datetime.min.time()))
