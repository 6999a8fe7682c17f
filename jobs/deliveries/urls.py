from __future__ import annotations

from django.urls import path

from jobs.deliveries import views

urlpatterns = [
    path("deliveries/<uuid:pk>/", views.delivery, name="delivery"),
    path("deliveries/<uuid:pk>/download/", views.download, name="delivery_download"),
]
