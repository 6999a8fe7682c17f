"""Pages of saved recipes: list, write, read, compare, copy, take along as JSON."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.library import builder, selectors, services
from contracts.library.forms import RecipeForm
from contracts.library.machines import RECIPE
from contracts.library.models import RecipeVersion, SavedRecipe
from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused
from kernel.transition import may, may_create
from kernel.web import new_id
from trusts.datasets.models import DatasetVersion, light
from trusts.datasets.selectors import versions

PER_PAGE = 50
FORMAT = "commonhold-recipe/1"


@login_required
@require_GET
def recipes(request: HttpRequest) -> HttpResponse:
    """One's own, the templates of one's trusts, or what was retired."""
    actor = request.actor  # type: ignore[attr-defined]
    show = request.GET.get("show", "ours")
    found = selectors.recipes(actor)
    if show == "templates":
        found = found.filter(state="shared")
    elif show == "retired":
        found = found.filter(state="retired")
    else:
        found = found.filter(organisation_id=actor.organisation_id).exclude(state="retired")
    page = Paginator(found.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "show": show, "query": f"show={show}", "may_save": _may_save(actor)}
    return render(request, "library/list.html", context)


def _may_save(actor: Any) -> bool:
    return actor.organisation_id is not None and may_create(
        RECIPE, "save", actor, organisation_id=actor.organisation_id
    )


def _known_versions(actor: Any) -> list[DatasetVersion]:
    """The newest readable version of each dataset one may know of, to check a recipe against."""
    newest: dict[Any, DatasetVersion] = {}
    ready = versions(actor).filter(state="profiled").defer(*light())
    for found in ready.order_by("dataset__title_text", "-number")[:500]:
        newest.setdefault(found.dataset_id, found)
    return list(newest.values())


def _against(request: HttpRequest, known: list[DatasetVersion]) -> DatasetVersion | None:
    wanted = request.POST.get("against") or request.GET.get("against") or ""
    return next((v for v in known if str(v.pk) == wanted), None)


def _builder(request: HttpRequest, draft: builder.Draft) -> dict[str, Any]:
    known = _known_versions(request.actor)  # type: ignore[attr-defined]
    against = _against(request, known)
    shown = builder.page(draft, against.column_types() if against else None)
    return {**shown, "known_versions": known, "against": against}


def _page(
    request: HttpRequest, form: RecipeForm, draft: builder.Draft, status: int = 200, **extra: Any
) -> HttpResponse:
    return render(
        request, "library/form.html", {"form": form, **_builder(request, draft), **extra}, status=status
    )


def _posted(request: HttpRequest, **kwargs: Any) -> tuple[RecipeForm, builder.Draft, bool]:
    """The bound form, the recipe as typed, and whether the page is only to be shown again."""
    draft = builder.read(request.POST)
    data = request.POST.copy()
    data["steps"] = draft.text if draft.text is not None else json.dumps(draft.steps)
    form = RecipeForm(data, actor=request.actor, **kwargs)  # type: ignore[attr-defined]
    again = bool(request.POST.get("do")) or bool(request.headers.get("HX-Request"))
    return form, draft, again


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write a recipe, or read one in from JSON."""
    actor = request.actor  # type: ignore[attr-defined]
    if not _may_save(actor):
        return render(
            request,
            "errors/403.html",
            {
                "action": RECIPE.action("save"),
                "subject": {"title": "recipes", "get_absolute_url": "/recipes/"},
            },
            status=403,
        )
    extra: dict[str, Any] = {"id": new_id(request)}
    if request.method == "GET":
        return _page(
            request, RecipeForm(actor=actor), builder.Draft(view=request.GET.get("view", "form")), **extra
        )
    form, draft, again = _posted(request)
    if again:
        return _page(request, _unjudged(form), draft, **extra)
    if draft.fault or not form.is_valid():
        return _page(request, form, draft, 422, **extra)
    try:
        made = services.save(actor=actor, id=uuid.UUID(extra["id"]), **form.cleaned_data)
    except Refused as problem:
        return _page(request, form, draft, 409, decision=problem.decision, **extra)
    messages.success(request, "Saved as version 1.")
    return redirect(made)


def _unjudged(form: RecipeForm) -> RecipeForm:
    form.full_clean()
    form.errors.clear()
    return form


def _found(request: HttpRequest, pk: uuid.UUID) -> SavedRecipe:
    found: SavedRecipe = get_object_or_404(selectors.recipes(request.actor), pk=pk)  # type: ignore[attr-defined]
    return found


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor, found = request.actor, _found(request, pk)  # type: ignore[attr-defined]
    if not may(RECIPE, "edit", found, actor).allowed:
        return render(
            request, "errors/403.html", {"action": RECIPE.action("edit"), "subject": found}, status=403
        )
    extra: dict[str, Any] = {"editing": found, "seen": request.POST.get("seen", found.version)}
    if request.method == "GET":
        steps = found.versions.get(number=found.number).steps
        return _page(request, RecipeForm(subject=found, actor=actor), builder.Draft(steps=steps), **extra)
    form, draft, again = _posted(request, subject=found)
    if again:
        return _page(request, _unjudged(form), draft, **extra)
    if draft.fault or not form.is_valid():
        return _page(request, form, draft, 422, **extra)
    try:
        seen = str(extra["seen"])
        services.edit(found.pk, actor=actor, seen=int(seen) if seen.isdigit() else None, **form.cleaned_data)
    except Refused as problem:
        found.refresh_from_db()
        return _page(
            request, form, draft, 409, **{**extra, "decision": problem.decision, "seen": found.version}
        )
    messages.success(request, "Saved.")
    return redirect(found)


def _version(recipe: SavedRecipe, actor: Any, wanted: str | None) -> RecipeVersion:
    """The version asked for by number, or the newest. Raises Http404."""
    found = selectors.versions_of(recipe, actor)
    one = found.filter(number=int(wanted)).first() if wanted and wanted.isdigit() else found.first()
    if one is None:
        raise Http404
    return one


@login_required
@require_GET
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """In words, as JSON, with its versions; what can be done with it."""
    actor, found = request.actor, _found(request, pk)  # type: ignore[attr-defined]
    version = _version(found, actor, request.GET.get("version"))
    own = found.organisation_id == actor.organisation_id
    context = {
        "recipe": found, "version_": version, "own": own, "sentences": builder.sentences(version.steps),
        "text": builder.as_text(version.steps), "needs": builder.needed_columns(version.steps),
        "versions": selectors.versions_of(found, actor), "others": selectors.usable(actor).exclude(pk=found.pk)[:200],
        "choices": [c for c in doors.choices(RECIPE, found, actor) if c.name != "edit"],
        "may_edit": may(RECIPE, "edit", found, actor).allowed, "may_copy": _may_save(actor) and found.state != "retired",
        "events": audit.history(found.pk, actor),
    }  # fmt: skip
    return render(request, "library/recipe.html", context)


@login_required
@require_POST
def copy(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor, found = request.actor, _found(request, pk)  # type: ignore[attr-defined]
    try:
        made = services.copy(found, actor=actor, id=uuid.UUID(new_id(request)))
    except Refused as problem:
        context = {"action": RECIPE.action("copy"), "subject": found, "decision": problem.decision}
        return render(request, "errors/403.html", context, status=403)
    messages.success(request, "Copied. It is yours now, and private.")
    return redirect(made)


@login_required
@require_GET
def compare(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """This recipe's newest version, or `old`, beside another recipe (`with`) or another version (`new`)."""
    actor, found = request.actor, _found(request, pk)  # type: ignore[attr-defined]
    try:
        other = _found(request, uuid.UUID(request.GET.get("with") or str(pk)))
    except ValueError:
        raise Http404 from None
    new = _version(other, actor, request.GET.get("new"))
    default = str(new.number - 1) if other == found and new.number > 1 else None
    known = list(selectors.versions_of(found, actor))
    if default and not any(str(v.number) == default for v in known):
        default = None
    old = _version(found, actor, request.GET.get("old") or default)
    context = {
        "recipe": found, "other": other, "old": old, "new": new, "differences": builder.differences(old.steps, new.steps),
        "old_versions": known, "new_versions": selectors.versions_of(other, actor),
        "others": selectors.usable(actor)[:200],
    }  # fmt: skip
    return render(request, "library/compare.html", context)


@login_required
@require_GET
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The recipe as a file that another portal, or a script, reads in again."""
    actor, found = request.actor, _found(request, pk)  # type: ignore[attr-defined]
    version = _version(found, actor, request.GET.get("version"))
    body = {"format": FORMAT, "name": found.name, "description": found.description, "version": version.number,
            "sha256": version.hash, "steps": version.steps}  # fmt: skip
    answer = JsonResponse(body, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="recipe-{found.ref}-v{version.number}.json"'
    return answer
