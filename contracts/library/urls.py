from __future__ import annotations

from django.urls import path

from contracts.library import views

urlpatterns = [
    path("recipes/", views.recipes, name="recipes"),
    path("recipes/new/", views.new, name="recipe_new"),
    path("recipes/<uuid:pk>/", views.detail, name="recipe"),
    path("recipes/<uuid:pk>/edit/", views.edit, name="recipe_edit"),
    path("recipes/<uuid:pk>/copy/", views.copy, name="recipe_copy"),
    path("recipes/<uuid:pk>/compare/", views.compare, name="recipe_compare"),
    path("recipes/<uuid:pk>/recipe.json", views.export, name="recipe_export"),
]
