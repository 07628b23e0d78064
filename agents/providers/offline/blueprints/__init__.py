"""Every blueprint, by kind of application and language."""

from __future__ import annotations

from agents.providers.offline.blueprints import cli_tool, data_processor, go, node, rest_api, web_page
from agents.providers.offline.blueprints.base import Blueprint
from agents.types import ProjectType

_ALL: tuple[Blueprint, ...] = (
    rest_api.BLUEPRINT,
    cli_tool.BLUEPRINT,
    data_processor.BLUEPRINT,
    web_page.BLUEPRINT,
    *node.BLUEPRINTS,
    *go.BLUEPRINTS,
)
BLUEPRINTS: dict[tuple[ProjectType, str], Blueprint] = {
    (blueprint.project_type, blueprint.language): blueprint for blueprint in _ALL
}
