from __future__ import annotations

from django.urls import path

from trusts.datasets import compare_views, quality_views, rule_views, source_views, upload_views, views

urlpatterns = [
    path("uploads/", upload_views.create, name="uploads"),
    path("uploads/<uuid:pk>/", upload_views.status, name="upload"),
    path("uploads/<uuid:pk>/chunks/<int:index>/", upload_views.chunk, name="upload_chunk"),
    path("uploads/<uuid:pk>/complete/", upload_views.finish, name="upload_finish"),
    path("datasets/new/", views.register, name="dataset_new"),
    path("datasets/new/place/", source_views.register, name="dataset_place"),
    path("datasets/<slug:slug>/quality/", quality_views.quality, name="dataset_quality"),
    path("datasets/<slug:slug>/quality/rows/", quality_views.rows, name="dataset_quality_rows"),
    path("datasets/<slug:slug>/rules/", rule_views.rules, name="dataset_rules"),
    path("datasets/<slug:slug>/rules/import/", rule_views.bring, name="dataset_rules_import"),
    path("datasets/<slug:slug>/schema/", views.schema, name="dataset_schema"),
    path("datasets/<slug:slug>/versions/<int:number>/", views.version, name="dataset_version"),
    path(
        "datasets/<slug:slug>/versions/<int:number>/compare/", compare_views.compare, name="dataset_compare"
    ),
]
