"""URLs of the dashboard."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import include, path

from generations.views import (
    again,
    attempts,
    checkpoints,
    compare,
    diff,
    editing,
    files,
    health,
    home,
    new_run,
    projects,
    run_actions,
    runs,
    talking,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("models/<str:scope>/", include("generations.model_urls")),
    path("runs/new/", new_run.new_run, name="run-new"),
    path("runs/models/", new_run.shown_models, name="run-models"),
    path("runs/estimate/", new_run.shown_estimate, name="run-estimate"),
    path("runs/<uuid:run_id>/", runs.detail, name="run"),
    path("runs/<uuid:run_id>/live/", runs.live, name="run-live"),
    path("runs/<uuid:run_id>/log.txt", runs.log_text, name="run-log"),
    path("runs/<uuid:run_id>/calls/", runs.calls, name="run-calls"),
    path("runs/<uuid:run_id>/stop/", run_actions.stop, name="run-stop"),
    path("runs/<uuid:run_id>/pause/", run_actions.pause, name="run-pause"),
    path("runs/<uuid:run_id>/resume/", run_actions.resume, name="run-resume"),
    path("runs/<uuid:run_id>/retry/", run_actions.retry, name="run-retry"),
    path("runs/<uuid:run_id>/follow-up/", run_actions.follow_up, name="run-follow-up"),
    path("runs/<uuid:run_id>/answers/", talking.answers, name="run-answers"),
    path("runs/<uuid:run_id>/plan/", talking.plan, name="run-plan"),
    path("runs/<uuid:run_id>/restore/", run_actions.restore, name="run-restore"),
    path("runs/<uuid:run_id>/changes/", diff.changes, name="run-changes"),
    path("runs/<uuid:run_id>/images/<uuid:image_id>", files.image, name="run-image"),
    path("runs/<uuid:run_id>/archive.zip", files.archive, name="run-archive"),
    path("runs/<uuid:run_id>/files/<path:path>", files.show, name="run-file"),
    path("runs/<uuid:run_id>/raw/<path:path>", files.raw, name="run-file-raw"),
    path("runs/<uuid:run_id>/again/", again.from_start, name="run-again"),
    path("runs/<uuid:run_id>/attempts/<int:number>/", attempts.detail, name="attempt"),
    path("checkpoints/<uuid:checkpoint_id>/", checkpoints.detail, name="checkpoint"),
    path("checkpoints/<uuid:checkpoint_id>/again/", again.from_checkpoint, name="checkpoint-again"),
    path("checkpoints/<uuid:checkpoint_id>/edit/", editing.file, name="checkpoint-edit"),
    path("checkpoints/<uuid:checkpoint_id>/plan/", editing.plan, name="checkpoint-plan"),
    path("checkpoints/<uuid:checkpoint_id>/discard/", again.discard, name="checkpoint-discard"),
    path("checkpoints/<uuid:checkpoint_id>/archive.zip", checkpoints.archive, name="checkpoint-archive"),
    path("checkpoints/<uuid:checkpoint_id>/files/<path:path>", checkpoints.show, name="checkpoint-file"),
    path("projects/<uuid:project_id>/", projects.detail, name="project"),
    path("projects/<uuid:project_id>/compare/", compare.compare, name="project-compare"),
]
