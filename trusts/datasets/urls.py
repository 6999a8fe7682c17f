from __future__ import annotations

from django.urls import path

from trusts.datasets import views

urlpatterns = [
    path("datasets/new/", views.register, name="dataset_new"),
    path("datasets/<slug:slug>/quality/", views.quality, name="dataset_quality"),
    path("datasets/<slug:slug>/schema/", views.schema, name="dataset_schema"),
    path("datasets/<slug:slug>/versions/<int:number>/", views.version, name="dataset_version"),
]
