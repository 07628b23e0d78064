"""One model and its QuerySet a file."""

from generations.models.artifact import Artifact, Blob
from generations.models.catalogue import CatalogueModel
from generations.models.checkpoint import Checkpoint, CheckpointStatus
from generations.models.event import RunEvent
from generations.models.image import RunImage
from generations.models.kept_reply import KeptReply
from generations.models.key import ProviderKey
from generations.models.memory import MemoryEntry
from generations.models.model_call import ModelCall
from generations.models.project import Project
from generations.models.quality import QualityReport
from generations.models.run import Run, RunStatus

__all__ = [
    "Artifact",
    "Blob",
    "CatalogueModel",
    "Checkpoint",
    "CheckpointStatus",
    "KeptReply",
    "MemoryEntry",
    "ModelCall",
    "Project",
    "ProviderKey",
    "QualityReport",
    "Run",
    "RunEvent",
    "RunImage",
    "RunStatus",
]
