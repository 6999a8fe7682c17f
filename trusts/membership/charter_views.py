"""Pages of a charter: what it says, its versions, two of them side by side, and its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.decision import Refused
from trusts.membership import selectors, services, voting
from trusts.membership.charter_forms import CharterDataForm, CharterFieldsForm
from trusts.membership.governance import Governance
from trusts.membership.governance_words import difference, words
from trusts.membership.models import Charter, Trust
from trusts.membership.ruling import rules_compared
from trusts.membership.trust_machine import TRUST


@login_required
@require_GET
def charter(request: HttpRequest, slug: str) -> HttpResponse:
    """One version, the newest if none is named: in words, chapter by chapter, with the others beside it."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = get_object_or_404(selectors.trusts(actor), slug=slug)
    versions = list(trust.charters.select_related("author")[:100])
    asked = request.GET.get("version", "")
    chosen = next((c for c in versions if asked.isdigit() and c.number == int(asked)), None)
    if asked and chosen is None:
        raise Http404
    chosen = chosen or (versions[0] if versions else None)
    context = {
        "trust": trust, "versions": versions, "charter": chosen, "newest": versions[0] if versions else None,
        "chapters": words(governance_of(trust, chosen)), "way": selectors.way_to_change(trust, actor),
        "choices": [c for c in doors.choices(TRUST, trust, actor) if c.name == "change_charter" and not c.enabled],
    }  # fmt: skip
    return render(request, "membership/charter.html", context)


def governance_of(trust: Trust, version: Charter | None) -> Governance:
    return Governance.of(trust.kind, version.governance if version else None)


@login_required
@require_GET
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two versions side by side: `?old=1&new=2`; without them the newest with the one before."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = get_object_or_404(selectors.trusts(actor), slug=slug)
    versions = {c.number: c for c in trust.charters.all()[:100]}
    numbers = [int(given) if (given := request.GET.get(name, "")).isdigit() else 0 for name in ("old", "new")]
    newest = max(versions, default=0)
    new = versions.get(numbers[1] or newest)
    old = versions.get(numbers[0] or max((n for n in versions if new and n < new.number), default=newest))
    if old is None or new is None:
        raise Http404
    changes = difference(governance_of(trust, old), governance_of(trust, new))
    limits = rules_compared(old.rules, new.rules)
    context = {
        "trust": trust, "versions": list(versions.values()), "old": old, "new": new, "changes": changes,
        "differs": sum(change.differs for change in changes), "limits": limits, "limits_differ": sum(row.differs for row in limits),
        "old_name": f"Version {old.number}", "new_name": f"Version {new.number}",
    }  # fmt: skip
    return render(request, "membership/charter_compare.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The charter's text and governance as a form, or as data (`?as=data`): written, or proposed where members vote on it."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = get_object_or_404(selectors.trusts(actor), slug=slug)
    way = selectors.way_to_change(trust, actor)
    if not way:
        action = TRUST.action("change_charter")
        return render(request, "errors/403.html", {"action": action, "subject": trust}, status=403)
    as_data = request.GET.get("as") == "data"
    last = trust.charters.first()
    form_class: Any = CharterDataForm if as_data else CharterFieldsForm
    form = form_class(request.POST or None, kind=trust.kind, text=last.text if last else "", governance=governance_of(trust, last), votes=way == "propose")  # fmt: skip
    seen = request.POST.get("seen", str(trust.version))
    context: dict[str, Any] = {"trust": trust, "form": form, "seen": seen, "way": way, "as_data": as_data, "tabs": [
        {"label": "As fields", "url": "?as=fields", "current": not as_data}, {"label": "As data", "url": "?as=data", "current": as_data},
    ]}  # fmt: skip
    status = 200
    if request.method == "POST" and form.is_valid():
        given = {"text": form.cleaned_data["text"], "governance": form.governance()}
        try:
            if way == "propose":
                made = voting.propose(trust, "charter", given, form.cleaned_data["why"], actor)
                messages.success(request, "Proposed. The members vote on it.")
                return redirect(made)
            services.change_charter(trust.pk, actor=actor, seen=int(seen) if seen.isdigit() else None, **given)  # fmt: skip
        except Refused as problem:
            context["decision"], status = problem.decision, 409
        else:
            messages.success(request, "Saved as a new version of the charter.")
            return redirect("trust_charter", slug)
    elif request.method == "POST":
        status = 422
    return render(request, "membership/charter_edit.html", context, status=status)
