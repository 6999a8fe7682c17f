"""The map of pages. Each station brings its own; the shell adds what spans them."""

from __future__ import annotations

from django.urls import include, path

from kernel.web import act

STATIONS = (
    "trusts.organisations",
    "trusts.membership",
    "trusts.datasets",
    "contracts.negotiations",
    "contracts.sharing",
    "jobs.runs",
    "jobs.intake",
    "jobs.deliveries",
)

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("do/<slug:machine_name>/<uuid:pk>/<slug:action>/", act, name="act"),
    *(path("", include(f"{station}.urls")) for station in STATIONS),
]
