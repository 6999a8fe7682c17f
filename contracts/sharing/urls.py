from __future__ import annotations

from django.urls import path

from contracts.sharing import views

urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/new/", views.new, name="request_new"),
    path("requests/<uuid:pk>/", views.detail, name="request"),
    path("requests/<uuid:pk>/edit/", views.edit, name="request_edit"),
]
