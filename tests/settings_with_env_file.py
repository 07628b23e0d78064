"""The site's settings for processes whose encryption keys stand in a file of a test, as a site's do in ``.env``."""

from __future__ import annotations

import os
from pathlib import Path

from autocoder_site.settings import *  # noqa: F403 - these are those settings
from tests.breaking import arm_from_environment

ENCRYPTION_KEYS_FILE = Path(os.environ["TEST_ENV_FILE"])
ENCRYPTION_KEYS_READ = ENCRYPTION_KEYS_FILE.stat().st_mtime_ns
ENCRYPTION_KEYS = ENCRYPTION_KEYS_FILE.read_text().strip().partition("=")[2].split(",")

arm_from_environment()
