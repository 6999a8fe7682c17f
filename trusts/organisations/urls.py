from __future__ import annotations

from django.urls import path

from trusts.organisations import views

urlpatterns = [
    path("organisation/switch/", views.switch, name="switch_organisation"),
    path("organisation/people/", views.people, name="people"),
    path("organisations/new/", views.new, name="organisation_new"),
    path("organisations/<slug:slug>/", views.organisation, name="organisation"),
    path("organisations/<slug:slug>/keys.json", views.key_set, name="organisation_keys"),
    path("invitations/<uuid:pk>/<str:secret>/", views.invitation, name="invitation"),
    path("settings/", views.me, name="me"),
    path("settings/tokens/", views.tokens, name="tokens"),
]
