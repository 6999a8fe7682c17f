from __future__ import annotations

from django.urls import path

from trusts.membership import charter_views, membership_views, views

urlpatterns = [
    path("trusts/", views.trusts, name="trusts"),
    path("trusts/new/", views.new, name="trust_new"),
    path("trusts/<slug:slug>/", views.trust, name="trust"),
    path("trusts/<slug:slug>/members/", views.members, name="trust_members"),
    path("trusts/<slug:slug>/charter/", charter_views.charter, name="trust_charter"),
    path("trusts/<slug:slug>/charter/compare/", charter_views.compare, name="trust_charter_compare"),
    path("trusts/<slug:slug>/charter/edit/", charter_views.edit, name="trust_charter_edit"),
    path("memberships/<uuid:pk>/", membership_views.membership, name="membership"),
    path(
        "memberships/<uuid:pk>/evidence/<int:number>/", membership_views.evidence, name="membership_evidence"
    ),
]
