from __future__ import annotations

from django.urls import path

from trusts.organisations import access_views, sign_in_views, views

urlpatterns = [
    path("organisation/switch/", views.switch, name="switch_organisation"),
    path("organisation/people/", views.people, name="people"),
    path("organisation/access/", access_views.access, name="access"),
    path("organisation/entrance/", access_views.entrance, name="entrance"),
    path("organisations/<slug:slug>/join/", access_views.ask_to_join, name="join"),
    path("sign-in/", sign_in_views.find, name="sign_in_find"),
    path("sign-in/<slug:slug>/", sign_in_views.sign_in, name="sign_in"),
    path("sign-in/<slug:slug>/go/", sign_in_views.go, name="sign_in_go"),
    path("sign-in/<slug:slug>/back/", sign_in_views.back, name="sign_in_back"),
    path("domains/", access_views.claimed_domains, name="claimed_domains"),
    path("organisations/new/", views.new, name="organisation_new"),
    path("organisations/<slug:slug>/", views.organisation, name="organisation"),
    path("organisations/<slug:slug>/keys.json", views.key_set, name="organisation_keys"),
    path("invitations/<uuid:pk>/<str:secret>/", views.invitation, name="invitation"),
    path("settings/", views.me, name="me"),
    path("settings/tokens/", views.tokens, name="tokens"),
]
