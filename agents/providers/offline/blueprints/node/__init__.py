"""Blueprints for JavaScript and TypeScript on Node.js: one class a kind, used for both languages."""

from __future__ import annotations

from agents.providers.offline.blueprints.base import Blueprint
from agents.providers.offline.blueprints.node import rest_api, tables, web_page

BLUEPRINTS: tuple[Blueprint, ...] = (*rest_api.BLUEPRINTS, *tables.BLUEPRINTS, *web_page.BLUEPRINTS)
