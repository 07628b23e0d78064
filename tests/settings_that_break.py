"""The site's settings for processes that a test breaks on purpose."""

from __future__ import annotations

from autocoder_site.settings import *  # noqa: F403 - these are those settings
from tests.breaking import arm_from_environment

arm_from_environment()
