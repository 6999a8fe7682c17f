from __future__ import annotations

from django.urls import path

from trusts.proposals import views

urlpatterns = [
    path("trusts/<slug:slug>/proposals/", views.proposals, name="trust_proposals"),
    path("trusts/<slug:slug>/proposals/new/", views.new, name="proposal_new"),
    path("proposals/<uuid:pk>/", views.proposal, name="proposal"),
]
