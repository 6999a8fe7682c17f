"""Pages of organisations and the people in them."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import doors
from kernel.decision import Refused
from trusts.organisations import keys, selectors, services
from trusts.organisations.forms import ProfileFields, TokenForm
from trusts.organisations.machines import MEMBER, ORGANISATION, TOKEN
from trusts.organisations.models import Invitation, Organisation
from trusts.organisations.people_machines import DEPUTYSHIP, GROUP
from trusts.organisations.scopes import SCOPES

SESSION_KEY = "acting_for"
PER_PAGE = 50
PEOPLE_ACTIONS = ("edit", "invite", "make_group")
KEY_ACTIONS = ("rotate_key", "register_key", "return_key", "revoke_key")


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Act for another of one's organisations; pages of the former are left."""
    wanted = request.POST.get("organisation", "")
    if any(str(place.organisation_id) == wanted for place in request.places):  # type: ignore[attr-defined]
        request.session[SESSION_KEY] = wanted
    return redirect("inbox")


@login_required
@require_GET
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.organisations(actor), slug=slug)
    choices = doors.choices(ORGANISATION, found, actor)
    now = keys.this_second()
    context = {
        "organisation": found,
        "keys": [{"key": row, "why_not": row.why_not(now)} for row in found.signing_keys.all()],
        "choices": [c for c in choices if c.name == "edit"],
        # One of the two ways to have the portal sign is always pointless: it is not shown.
        "key_choices": [c for c in choices if c.name in KEY_ACTIONS and c.enabled],
    }
    return render(request, "organisations/organisation.html", context)


@login_required
@require_GET
def key_set(request: HttpRequest, slug: str) -> HttpResponse:
    """The public signing keys as a JWK set with their times, for checking signatures elsewhere."""
    found = get_object_or_404(selectors.organisations(request.actor), slug=slug)  # type: ignore[attr-defined]
    return JsonResponse(keys.key_set(found), json_dumps_params={"indent": 2, "ensure_ascii": False})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = ProfileFields(request.POST or None, initial={"kind": "company", "country": "DE"})
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.found(actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except Refused as problem:
            refused = problem.decision
        else:
            request.session[SESSION_KEY] = str(made.pk)
            messages.success(request, f"You now act for {made.name}, as its owner.")
            return redirect("people")
    status = 409 if refused is not None else 422 if form.is_bound else 200
    return render(request, "organisations/new.html", {"form": form, "decision": refused}, status=status)


@login_required
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    found = selectors.acted_for(request)
    asked = request.GET.get("q", "").strip()[:80]
    members = selectors.members(actor).filter(state="active").order_by("user__name", "pk")
    if asked:
        members = members.filter(Q(user__name__icontains=asked) | Q(user__email__icontains=asked))
    # How well colleagues are protected, and whether they come at all, is for those who answer for it.
    watches = actor.holds("owner", "auditor")
    if watches:
        members = selectors.with_protection(members)
    page = Paginator(members, PER_PAGE).get_page(request.GET.get("page"))
    deputies = selectors.deputyships(actor).filter(state="standing").order_by("starts")
    context = {
        "organisation": found,
        "watches": watches,
        "page": page,
        "q": asked,
        "query": urlencode({"q": asked}) if asked else "",
        "members": [
            {
                "member": m,
                "actions": MEMBER.offered(m.state, doors.roles_of(actor, m)),
                "protected": watches and m.protected,  # type: ignore[attr-defined]
            }
            for m in page
        ],
        "deputies": [
            {"row": d, "actions": DEPUTYSHIP.offered(d.state, doors.roles_of(actor, d))} for d in deputies
        ],
        "groups": [
            {"group": g, "people": people, "actions": GROUP.offered(g.state, doors.roles_of(actor, g))}
            for g, people in selectors.groups_with_people(found.pk)
        ],
        "invitations": selectors.invitations(actor).filter(state="open").order_by("-created"),
        "choices": doors.choices(ORGANISATION, found, actor, only=PEOPLE_ACTIONS),
    }
    return render(request, "organisations/people.html", context)


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, pk: UUID, secret: str) -> HttpResponse:
    """The page behind the link that was mailed. Says nothing to someone with a wrong link."""
    import hashlib

    digest = hashlib.sha256(secret.encode()).hexdigest()
    found = get_object_or_404(Invitation.objects.select_related("organisation"), pk=pk, token_hash=digest)
    refused = None
    if request.method == "POST" and request.user.is_authenticated:
        try:
            services.accept_invitation(pk, actor=request.actor, secret=secret)  # type: ignore[attr-defined]
        except Refused as problem:
            refused = problem.decision
        else:
            request.session[SESSION_KEY] = str(found.organisation_id)
            messages.success(request, f"Welcome. You now act for {found.organisation.name}.")
            return redirect("inbox")
    context = {"invitation": found, "decision": refused}
    return render(
        request, "organisations/invitation.html", context, status=409 if refused is not None else 200
    )


class MeForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    zone = forms.CharField(
        label="Time zone",
        max_length=60,
        help_text="Such as Europe/Berlin; times and deadlines are shown in it.",
    )

    def clean_zone(self) -> str:
        from zoneinfo import available_timezones

        zone = str(self.cleaned_data["zone"])
        if zone not in available_timezones():
            raise forms.ValidationError("This is not a time zone. Write it like Europe/Berlin.", code="zone")
        return zone


@login_required
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    user = request.user
    form = MeForm(request.POST or None, initial={"name": user.name, "zone": user.zone})  # type: ignore[union-attr]
    if request.method == "POST" and form.is_valid():
        services.change_me(user.pk, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("me")
    return render(request, "organisations/me.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List and create; the secret is on the page once and nowhere else."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    form, secret, refused = TokenForm(request.POST or None), "", None
    if request.method == "POST" and form.is_valid():
        try:
            found = Organisation.objects.get(pk=actor.organisation_id)
            _, secret = doors.perform(ORGANISATION, "make_token", found, actor=actor, data=request.POST)
            form = TokenForm()
        except Refused as problem:
            refused = problem.decision
    rows = [
        {"token": t, "may_revoke": TOKEN.fits(TOKEN.action("revoke"), t.state, doors.roles_of(actor, t))}
        for t in selectors.tokens(actor).order_by("-created")[:200]
    ]
    context = {"form": form, "secret": secret, "rows": rows, "decision": refused, "scopes": SCOPES}
    return render(
        request,
        "organisations/tokens.html",
        context,
        status=409 if refused is not None else 422 if form.is_bound else 200,
    )
