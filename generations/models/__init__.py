"""One model and its QuerySet a file."""

from generations.models.allowance import Allowance, DaySpending
from generations.models.artifact import Artifact, Blob
from generations.models.attempt import Attempt
from generations.models.catalogue import CatalogueModel
from generations.models.checkpoint import Checkpoint, CheckpointStatus
from generations.models.draft import Draft, DraftFile
from generations.models.endpoint import AllowedHost, OwnEndpoint
from generations.models.event import RunEvent
from generations.models.image import RunImage
from generations.models.kept_reply import KeptReply
from generations.models.key import ProviderKey
from generations.models.limits import CallLimit, CallTicket, KeyState
from generations.models.memory import MemoryEntry
from generations.models.model_call import ModelCall
from generations.models.preview import Preview, PreviewStatus, TryOut
from generations.models.probe import ModelProbe, ProbeStatus
from generations.models.project import Project
from generations.models.quality import QualityReport
from generations.models.run import Origin, Run, RunStatus
from generations.models.worker_group import Mark, WorkerGroup

__all__ = [
    "Allowance",
    "AllowedHost",
    "Artifact",
    "Attempt",
    "Blob",
    "CallLimit",
    "CallTicket",
    "CatalogueModel",
    "Checkpoint",
    "CheckpointStatus",
    "DaySpending",
    "Draft",
    "DraftFile",
    "KeptReply",
    "KeyState",
    "Mark",
    "MemoryEntry",
    "ModelCall",
    "ModelProbe",
    "Origin",
    "OwnEndpoint",
    "Preview",
    "PreviewStatus",
    "ProbeStatus",
    "Project",
    "ProviderKey",
    "QualityReport",
    "Run",
    "RunEvent",
    "RunImage",
    "RunStatus",
    "TryOut",
    "WorkerGroup",
]
