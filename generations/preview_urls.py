"""URLs below a run for opening and trying what it delivered."""

from __future__ import annotations

from django.urls import path

from generations.views import previewing

urlpatterns = [
    path("preview/", previewing.waiting, name="preview"),
    path("preview/start/", previewing.start, name="preview-start"),
    path("preview/open/", previewing.enter, name="preview-open"),
    path("preview/stop/", previewing.stop, name="preview-stop"),
    path("preview/panel/", previewing.panel, name="preview-panel"),
    path("try/", previewing.tries, name="run-try"),
    path("try/<uuid:try_id>/written.zip", previewing.written, name="run-try-written"),
]
