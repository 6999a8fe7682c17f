from __future__ import annotations

from django.urls import path

from jobs.trials import views

urlpatterns = [
    path("trials/<uuid:pk>/", views.trial, name="trial"),
    path("trials/<uuid:pk>/live/", views.live, name="trial_live"),
]
