"""Notices: what I was told, how I want to be told, and the link in a mail that stops it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import registry
from portal.notices import choices, post, write
from portal.notify import TOPICS

PER_PAGE = 50
SHOWS = [("unread", "Unread"), ("all", "All")]


@login_required
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    show = "all" if request.GET.get("show") == "all" else "unread"
    found = write.of(request.actor)  # type: ignore[attr-defined]
    page = Paginator(found.filter(read=None) if show == "unread" else found, PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page, "show": show, "query": urlencode({"show": show}), "unread": any(n.read is None for n in page.object_list),
        "keep_read": write.KEEP_READ.days, "keep": write.KEEP.days,
        "tabs": [{"label": label, "url": f"?{urlencode({'show': code})}", "current": code == show} for code, label in SHOWS],
    }  # fmt: skip
    return render(request, "portal/notices.html", context)


@login_required
@require_GET
def open_(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go to what the notice is about; from then on it counts as read."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(write.of(actor), pk=pk)
    write.mark_read(actor, [found.pk])
    return HttpResponseRedirect(found.url)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark those that are ticked, or all, as read."""
    ids = [one for one in map(_uuid, request.POST.getlist("notice")) if one]
    every = request.POST.get("do") == "all"
    if not every and not ids:
        messages.error(request, "Nothing was changed: mark at least one line.")
        return redirect("notices")
    count = write.mark_read(request.actor, None if every else ids)  # type: ignore[attr-defined]
    messages.success(request, f"{count} notice{'' if count == 1 else 's'} marked as read.")
    return redirect("notices")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class ChoicesForm(forms.Form):
    """One field for each topic; its ways are those that the topic has."""

    def __init__(self, *args: Any, chosen: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for topic, (_, _, text) in TOPICS.items():
            if text:
                self.fields[topic] = forms.ChoiceField(
                    label=text, choices=choices.ways_for(topic), initial=chosen.get(topic, choices.USUAL)
                )

        self.fields[choices.CHECKPOINT] = forms.ChoiceField(
            label="The log's newest checkpoint, to keep outside the portal: it shows later what the log was on that day",
            choices=choices.ways_for(choices.CHECKPOINT),
            required=False,
            initial=chosen.get(choices.CHECKPOINT, choices.usual(choices.CHECKPOINT)),
        )

    def groups(self) -> list[dict[str, Any]]:
        """The fields by what they are about."""
        found: dict[str, list[Any]] = {}
        for topic in self.fields:
            label = (
                "audit log" if topic == choices.CHECKPOINT else registry.entry(TOPICS[topic][0]).machine.label
            )
            found.setdefault(label, []).append(
                {"field": self[topic], "essential": topic in choices.ESSENTIAL}
            )
        return [{"label": label.capitalize(), "rows": rows} for label, rows in sorted(found.items())]


@login_required
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    user = request.user
    form = ChoicesForm(request.POST or None, chosen=choices.of(user.pk))  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        choices.choose(user.pk, {topic: way for topic, way in form.cleaned_data.items() if way})  # type: ignore[arg-type]
        messages.success(request, "Saved. It holds for what happens from now on.")
        return redirect("notice_choices")
    context = {"form": form, "hour": post.DIGEST_HOUR, "zone": user.zone}  # type: ignore[union-attr]
    return render(request, "portal/notice_choices.html", context, status=422 if form.is_bound else 200)


# A mail program sends this POST by itself (RFC 8058), without cookies: what it may do is in the signed address alone.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail: GET asks, POST stops mails about this topic. What is essential cannot be stopped."""
    found = post.read_token(token)
    if found is None or (found[1] != choices.DIGEST and found[1] not in TOPICS):
        raise Http404
    user, topic = found
    about = "The mail once a day" if topic == choices.DIGEST else TOPICS[topic][2]
    if request.method == "POST":
        choices.stop_mail(user, topic)
    context = {"about": about, "digest": topic == choices.DIGEST, "done": request.method == "POST"}
    answer = render(request, "portal/notice_stop.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    return answer
