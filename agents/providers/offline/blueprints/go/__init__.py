"""Blueprints in Go, with nothing but its standard library."""

from __future__ import annotations

from agents.providers.offline.blueprints.base import Blueprint
from agents.providers.offline.blueprints.go import cli_tool, data_processor, rest_api, web_page

BLUEPRINTS: tuple[Blueprint, ...] = (
    rest_api.BLUEPRINT,
    cli_tool.BLUEPRINT,
    data_processor.BLUEPRINT,
    web_page.BLUEPRINT,
)
