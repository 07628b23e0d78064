"""What the pages show of opened and tried applications."""

from __future__ import annotations

from functools import cached_property

from django import forms
from django.core.files.uploadedfile import UploadedFile

from agents.plan import Commands
from agents.state import RunState
from generations.errors import LaunchError
from generations.models import Preview, Run, TryOut
from generations.previewing.asking import KEPT, MAX_ARGUMENTS, MAX_UPLOAD
from generations.previewing.delivered import can_be_opened, can_be_tried, delivered_by, examples_of, program_of


class TryForm(forms.Form):
    """Arguments and a file for a command line tool."""

    arguments = forms.CharField(
        label="Arguments",
        max_length=MAX_ARGUMENTS,
        required=False,
        help_text="As on a command line, with quotation marks around spaces; nothing else has a meaning.",
    )
    upload = forms.FileField(
        label="A file beside it",
        required=False,
        allow_empty_file=True,
        help_text=f"At most {MAX_UPLOAD >> 20} MiB; the arguments name it as it is called.",
    )

    def clean_upload(self) -> UploadedFile | None:
        """A file that is small enough to be read. Raises ValidationError."""
        given: UploadedFile | None = self.cleaned_data["upload"]
        if given is not None and (given.size or 0) > MAX_UPLOAD:
            raise forms.ValidationError(f"The file is larger than {MAX_UPLOAD >> 20} MiB.")
        return given


class OpenView:
    """The part of the run page that opens or tries the application."""

    def __init__(self, run: Run, state: RunState | None = None) -> None:
        self._run, self._state = run, state

    @cached_property
    def state(self) -> RunState | None:
        """What the run delivered."""
        return self._state or _delivered(self._run)

    @property
    def can_be_opened(self) -> bool:
        """Whether it is a server."""
        return self._run.at_rest and can_be_opened(self.state)

    @property
    def can_be_tried(self) -> bool:
        """Whether it is a command."""
        return self._run.at_rest and can_be_tried(self.state)

    @cached_property
    def preview(self) -> Preview | None:
        """The one that runs or is being started."""
        return Preview.objects.live().filter(run=self._run).first()


class TryView:
    """The page of tries. ``commands`` is None where nothing can be tried."""

    def __init__(self, run: Run) -> None:
        self._run = run
        state = _delivered(run)
        self.commands: Commands | None = state.needed_plan().commands if state and can_be_tried(state) else None

    @property
    def program(self) -> str:
        """The command that the arguments go to."""
        return program_of(self.commands) if self.commands else ""

    @property
    def examples(self) -> list[str]:
        """Arguments that are known to work."""
        return examples_of(self.commands) if self.commands else []

    @cached_property
    def rows(self) -> list[TryOut]:
        """The newest tries."""
        return list(self._run.tries.defer("upload", "written").order_by("-created_at")[:KEPT])

    @property
    def going_on(self) -> bool:
        """Whether one of them has not ended."""
        return any(row.live for row in self.rows)


def _delivered(run: Run) -> RunState | None:
    try:
        return delivered_by(run).state
    except LaunchError:
        return None
