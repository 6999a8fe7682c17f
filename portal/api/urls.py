"""Routes of the API."""

from __future__ import annotations

from django.urls import path

from portal.api import docs

urlpatterns = [
    path("docs/", docs.Docs.as_view(), name="api_docs"),
    path("docs/script.js", docs.DocsScript.as_view(), name="api_docs_script"),
    path("schema/", docs.Schema.as_view(), name="api_schema"),
]
