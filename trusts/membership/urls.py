from __future__ import annotations

from django.urls import path

from trusts.membership import views

urlpatterns = [
    path("trusts/", views.trusts, name="trusts"),
    path("trusts/new/", views.new, name="trust_new"),
    path("trusts/<slug:slug>/", views.trust, name="trust"),
    path("trusts/<slug:slug>/members/", views.members, name="trust_members"),
    path("trusts/<slug:slug>/charter/", views.charter, name="trust_charter"),
]
