from __future__ import annotations

from django.urls import path

from jobs.intake import views

urlpatterns = [
    path("datasets/<slug:slug>/versions/<int:number>/reading/", views.reading, name="version_reading"),
    path("datasets/<slug:slug>/versions/<int:number>/reading/misfits.csv.gz", views.misfits, name="version_misfits"),
]  # fmt: skip
