from __future__ import annotations

from django.urls import path

from jobs.tracing import views

urlpatterns = [
    path("datasets/<slug:slug>/trace/", views.new, name="trace_new"),
    path("traces/<uuid:pk>/", views.trace, name="trace"),
    path("traces/<uuid:pk>/live/", views.live, name="trace_live"),
]
