"""A trust's report: a page to read and to print, and the same as a file."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.figures import FEWEST, Period, Shown
from portal.trust_report import between, knows_exactly, periods, report
from trusts.membership import selectors

LONGEST = timedelta(days=3 * 366)


class PeriodForm(forms.Form):
    """A calendar period; for those who know the exact numbers also any days."""

    period = forms.ChoiceField(label="Period", required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, known: dict[str, Period], days: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        if not days:
            # Numbers of periods that overlap by choice could be subtracted from each other.
            del self.fields["since"], self.fields["until"]
        choices = [(code, one.label) for code, one in known.items()]
        self.initial.setdefault("period", next(code for code in known if "Q" in code))
        self.fields["period"].choices = [*([("", "Days of my choice")] if days else []), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if cleaned.get("period") or (since is None and until is None):
            return cleaned
        if since is None or until is None:
            self.add_error("until" if since else "since", "Give both days, or choose a period.")
        elif until < since:
            self.add_error("until", "This day is before the first.")
        elif until - since > LONGEST:
            self.add_error("until", "Choose at most three years.")
        return cleaned

    def chosen(self) -> Period:
        """The period asked for; this quarter if nothing was, or if it cannot be understood."""
        usual = next(one for code, one in self.known.items() if "Q" in code)
        if not self.is_valid():
            return usual
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if self.cleaned_data.get("period"):
            return self.known[self.cleaned_data["period"]]
        if since and until:
            return between(since, until + timedelta(days=1), f"{since:%d %B %Y} to {until:%d %B %Y}")
        return usual


@login_required
@require_GET
def trust(request: HttpRequest, slug: str) -> HttpResponse:
    """For the trust's members: exact for those who answer for it, in rounded numbers for the others."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.trusts(actor), slug=slug)
    if found.pk not in actor.trust_ids:
        raise Http404
    now = timezone.now()
    shown = Shown(knows_exactly(actor, found))
    asked = {name: value for name, value in request.GET.items() if name in ("period", "since", "until")}
    form = PeriodForm(asked or None, known=periods(now), days=shown.exact)
    period = form.chosen()
    sections = report(found, period, shown)
    if request.GET.get("format") == "csv" and not form.errors:
        return _csv(found, period, sections)
    context = {
        "trust": found, "period": period, "last_day": period.until - timedelta(seconds=1), "sections": sections, "form": form,
        "exact": shown.exact, "fewest": FEWEST, "now": now, "query": urlencode(asked),
    }  # fmt: skip
    return render(request, "portal/trust_report.html", context, status=422 if form.errors else 200)


def _csv(found: Any, period: Period, sections: list[Any]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="report-{found.slug}.csv"'
    writer = csv.writer(answer, lineterminator="\r\n")
    writer.writerow(["trust", "period", "part", "what", "number"])
    for section in sections:
        for label, number in section.rows:
            writer.writerow([_safe(one) for one in (found.name, period.label, section.title, label, number)])
    return answer


def _safe(value: str) -> str:
    """Spreadsheets execute cells that begin like a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
