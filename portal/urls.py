"""The map of pages. Each station brings its own; the shell adds what spans them."""

from __future__ import annotations

from django.urls import include, path

from kernel.web import act
from portal.views import access as object_access
from portal.views import (
    audit,
    calendar,
    catalogue,
    descriptions,
    front,
    health,
    inbox,
    lineage,
    notices,
    reports,
    robots,
    work,
)
from portal.views import emergencies as openings

STATIONS = (
    "trusts.organisations",
    "trusts.witnesses",
    "trusts.membership",
    "trusts.proposals",
    "trusts.datasets",
    "contracts.charters",
    "contracts.negotiations",
    "contracts.decisions",
    "contracts.library",
    "contracts.sharing",
    "jobs.intake",
    "jobs.runs",
    "jobs.trials",
    "jobs.deliveries",
    "jobs.tracing",
    "jobs.evidence",
)

urlpatterns = [
    path("", front.front, name="front"),
    path("accounts/", include("allauth.urls")),
    path("demo/sign-in/", work.demo_sign_in, name="demo_sign_in"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/count/", inbox.count, name="inbox_count"),
    path("inbox/first/", inbox.first, name="inbox_first"),
    path("inbox/bulk/", inbox.act_on_many, name="inbox_bulk"),
    path("calendar/", calendar.address, name="calendar"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar_feed"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read, name="notices_read"),
    path("notices/settings/", notices.settings_page, name="notice_choices"),
    path("notices/stop/<str:token>/", notices.stop, name="notice_stop"),
    path("notices/<uuid:pk>/open/", notices.open_, name="notice_open"),
    path("dashboard/", work.dashboard, name="dashboard"),
    path("datasets/", catalogue.catalogue, name="catalogue"),
    *(path("", include(f"{station}.urls")) for station in STATIONS),
    path("trusts/<slug:slug>/report/", reports.trust, name="trust_report"),
    path("datasets/<slug:slug>/", catalogue.dataset, name="dataset"),
    path("datasets/<slug:slug>/odcs.yaml", descriptions.of_dataset, {"form": "odcs"}, name="dataset_odcs"),
    path("datasets/<slug:slug>/prov.jsonld", descriptions.of_dataset, {"form": "prov"}, name="dataset_prov"),
    path(
        "datasets/<slug:slug>/openlineage.jsonl",
        descriptions.of_dataset,
        {"form": "openlineage"},
        name="dataset_openlineage",
    ),
    path(
        "datasets/<slug:slug>/versions/<int:number>/croissant.json",
        descriptions.of_version,
        {"form": "croissant"},
        name="version_croissant",
    ),
    path(
        "datasets/<slug:slug>/versions/<int:number>/datapackage.json",
        descriptions.of_version,
        {"form": "datapackage"},
        name="version_datapackage",
    ),
    path("catalogue.jsonld", descriptions.catalogue, {"form": "jsonld"}, name="catalogue_jsonld"),
    path("catalogue.ttl", descriptions.catalogue, {"form": "turtle"}, name="catalogue_turtle"),
    path("schemas/openlineage/contract-run-facet-1.json", descriptions.facet, name="contract_facet"),
    path("datasets/<slug:slug>/lineage/", lineage.page, name="dataset_lineage"),
    path("do/<slug:machine_name>/<uuid:pk>/<slug:action>/", act, name="act"),
    path("emergency/", openings.openings, name="emergencies"),
    path("emergency/<uuid:pk>/", openings.opening, name="emergency"),
    path("access/", object_access.grants, name="grants"),
    path("access/<uuid:pk>/", object_access.granted, name="granted"),
    path("access/<slug:machine_name>/<uuid:pk>/", object_access.access, name="object_access"),
    path("organisation/robots/", robots.robots, name="robots"),
    path("audit/", audit.trail, name="audit"),
    path("audit/verify/", audit.verify_now, name="audit_verify"),
    path("audit/export.<slug:kind>", audit.export, name="audit_export"),
    path("audit/<uuid:pk>/", audit.event, name="event"),
    path("help/", front.help_page, name="help"),
    path("help/components/", front.gallery, name="gallery"),
    path("status/", health.status, name="status"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include("portal.api.urls")),
]

handler404 = "portal.views.missing.not_found"
