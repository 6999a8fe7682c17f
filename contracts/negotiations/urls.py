from __future__ import annotations

from django.urls import path

from contracts.negotiations import (
    contract_views,
    counter_views,
    duty_views,
    list_views,
    offer_views,
    signature_views,
    succession_views,
    table_views,
    views,
)

urlpatterns = [
    path("datasets/<slug:slug>/offer/new/", offer_views.offer_new, name="offer_new"),
    path("datasets/<slug:slug>/offer/to/", views.offer_to, name="offer_to"),
    path("offers/<uuid:pk>/", offer_views.offer, name="offer"),
    path("offers/<uuid:pk>/rule/", offer_views.offer_rule, name="offer_rule"),
    path("offers/<uuid:pk>/template/", offer_views.offer_template, name="offer_template"),
    path("negotiations/", list_views.negotiations, name="negotiations"),
    path("negotiations/new/", views.negotiation_new, name="negotiation_new"),
    path("negotiations/<uuid:pk>/", table_views.negotiation, name="negotiation"),
    path("negotiations/<uuid:pk>/counter/", counter_views.counter, name="counter"),
    path("negotiations/<uuid:pk>/odrl.json", table_views.policy, name="negotiation_odrl"),
    path("negotiations/<uuid:pk>/notes/", table_views.note, name="negotiation_note"),
    path(
        "contracts/<uuid:pk>/amend/", succession_views.succeed, {"kind": "amendment"}, name="contract_amend"
    ),
    path("contracts/<uuid:pk>/renew/", succession_views.succeed, {"kind": "renewal"}, name="contract_renew"),
    path("contracts/", contract_views.contracts, name="contracts"),
    path("contracts/<uuid:pk>/", contract_views.contract, name="contract"),
    path("duties/<uuid:pk>/", duty_views.duty, name="duty"),
    path("duties/<uuid:pk>/evidence/<int:number>/", duty_views.evidence, name="duty_evidence"),
    path("contracts/<uuid:pk>/odrl.json", contract_views.document, {"kind": "odrl"}, name="contract_odrl"),
    path(
        "contracts/<uuid:pk>/signed.json", contract_views.document, {"kind": "signed"}, name="contract_signed"
    ),
    path("contracts/<uuid:pk>/payload.bin", signature_views.payload, name="contract_payload"),
    path("contracts/<uuid:pk>/to-sign.txt", signature_views.text, name="contract_to_sign"),
]
