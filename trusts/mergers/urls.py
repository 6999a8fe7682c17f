from __future__ import annotations

from django.urls import path

from trusts.mergers import views

urlpatterns = [
    path("organisation/mergers/", views.mergers, name="mergers"),
    path("mergers/<uuid:pk>/", views.merger, name="merger"),
]
