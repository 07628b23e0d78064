"""URLs of the pages of models and keys."""

from __future__ import annotations

from django.urls import path

from generations.views import models

urlpatterns = [
    path("", models.show, name="models"),
    path("keys/<slug:provider>/", models.store_key, name="models-key"),
    path("keys/<slug:provider>/delete/", models.delete_key, name="models-key-delete"),
    path("endpoints/", models.add_endpoint, name="models-endpoints"),
    path("endpoints/<uuid:endpoint_id>/", models.change_endpoint, name="models-endpoint"),
    path("endpoints/<uuid:endpoint_id>/delete/", models.delete_endpoint, name="models-endpoint-delete"),
    path("offer/", models.offer, name="models-offer"),
    path("test/", models.test, name="models-test"),
]
