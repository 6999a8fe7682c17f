from __future__ import annotations

from django.urls import path

from jobs.evidence import views

urlpatterns = [
    path("check/", views.check, name="check"),
    path("receipts/<slug:sha256>/", views.receipt, name="receipt"),
    path("deliveries/<uuid:pk>/receipt.json", views.receipt_json, name="delivery_receipt"),
    path("audit/<uuid:pk>/receipt.json", views.entry_receipt, name="entry_receipt"),
    path("evidence/<slug:machine>/<uuid:pk>/receipt.json", views.subject_receipt, name="subject_receipt"),
    path("evidence/", views.evidence, name="evidence"),
    path("evidence/<slug:kind>/", views.take, name="take_evidence"),
    path("evidence/<slug:kind>/<uuid:pk>/", views.take, name="take_evidence_of"),
]
