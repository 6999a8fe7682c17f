from __future__ import annotations

from django.urls import path

from trusts.witnesses import views

urlpatterns = [
    path("organisation/witness/", views.witnesses, name="witnesses"),
    path("organisation/witness/new/", views.new, name="witness_new"),
    path("log/disagreements/<uuid:pk>/", views.split_view, name="split_view"),
    path("witness.py", views.program, name="witness_program"),
]
