from __future__ import annotations

from django.urls import path

from contracts.charters import views

urlpatterns = [
    path("trusts/<slug:slug>/rules/", views.rules, name="trust_rules"),
    path("exemptions/new/", views.exemption_new, name="exemption_new"),
    path("exemptions/<uuid:pk>/", views.exemption, name="exemption"),
]
