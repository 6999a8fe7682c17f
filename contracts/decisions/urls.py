from __future__ import annotations

from django.urls import path

from contracts.decisions import views

urlpatterns = [
    path("offers/<uuid:pk>/try/", views.try_out, {"kind": "offer"}, name="offer_try"),
    path("negotiations/<uuid:pk>/try/", views.try_out, {"kind": "negotiation"}, name="negotiation_try"),
    path("contracts/<uuid:pk>/try/", views.try_out, {"kind": "contract"}, name="contract_try"),
    path("decisions/<uuid:pk>/", views.decision, name="decision"),
]
