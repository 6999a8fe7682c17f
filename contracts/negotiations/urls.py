from __future__ import annotations

from django.urls import path

from contracts.negotiations import contract_views, duty_views, views

urlpatterns = [
    path("datasets/<slug:slug>/offer/new/", views.offer_new, name="offer_new"),
    path("datasets/<slug:slug>/offer/to/", views.offer_to, name="offer_to"),
    path("offers/<uuid:pk>/", views.offer, name="offer"),
    path("negotiations/", views.negotiations, name="negotiations"),
    path("negotiations/new/", views.negotiation_new, name="negotiation_new"),
    path("negotiations/<uuid:pk>/", views.negotiation, name="negotiation"),
    path("negotiations/<uuid:pk>/counter/", views.counter, name="counter"),
    path("contracts/", contract_views.contracts, name="contracts"),
    path("contracts/<uuid:pk>/", contract_views.contract, name="contract"),
    path("duties/<uuid:pk>/", duty_views.duty, name="duty"),
    path("duties/<uuid:pk>/evidence/<int:number>/", duty_views.evidence, name="duty_evidence"),
    path("contracts/<uuid:pk>/odrl.json", contract_views.document, {"kind": "odrl"}, name="contract_odrl"),
    path(
        "contracts/<uuid:pk>/signed.json", contract_views.document, {"kind": "signed"}, name="contract_signed"
    ),
]
