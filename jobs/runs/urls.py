from __future__ import annotations

from django.urls import path

from jobs.runs import views

urlpatterns = [
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
    path("jobs/<uuid:pk>/live/", views.live, name="job_live"),
]
