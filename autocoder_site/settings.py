"""Settings, read from the environment and from ``.env``; a bad value stops the start with a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url
import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
ENV_FILE = BASE_DIR / ".env"
# What the environment itself sets goes before the file, and stays as it is until a restart.
ENCRYPTION_KEYS_FILE = None if "ENCRYPTION_KEYS" in os.environ else ENV_FILE
ENCRYPTION_KEYS_READ = ENV_FILE.stat().st_mtime_ns if ENV_FILE.exists() else 0
environ.Env.read_env(ENV_FILE)

VAR_DIR = Path(env.str("AUTOCODER_VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
SITE_ORIGINS = env.list("SITE_ORIGINS", default=["http://localhost:8000", "http://127.0.0.1:8000"])
CSRF_TRUSTED_ORIGINS = SITE_ORIGINS

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "django_q",
    "csp",
    "generations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "autocoder_site.urls"
ASGI_APPLICATION = "autocoder_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

try:
    DATABASES = {
        "default": dj_database_url.parse(env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'autocoder.db'}"))
    }
except ValueError:
    # The error's own words repeat a part of the password.
    raise ImproperlyConfigured(
        "DATABASE_URL cannot be read. In its password, write characters such as # / ? @ as %23 %2F %3F %40."
    ) from None
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL with immediate transactions is the only mode measured without lock errors.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The queue only wakes workers up: our own run state decides about retry and resume.
Q_CLUSTER = {
    "name": "autocoder",
    "label": "Queue",
    "orm": "default",
    "workers": env.int("WORKERS", default=2),
    "queue_limit": 1,
    "recycle": 1,
    "poll": 0.2,
    "timeout": 10**6,
    "retry": 10**7,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": 100,
    "catch_up": False,
}

CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Files are served from where they are, so that nobody has to collect them first.
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *(origin.replace("http", "ws", 1) for origin in SITE_ORIGINS)],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS

# Keys that encrypt provider keys, newest first; the rest can still decrypt.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS")

# Engine
SANDBOX = env.str("SANDBOX", default="auto")
SANDBOX_RUNTIME = env.str("SANDBOX_RUNTIME", default="")
SANDBOX_RECORDS = VAR_DIR / "sandboxes.json"
PACKAGE_CACHE = VAR_DIR / "packages"
PACKAGE_CACHE_MB = env.int("PACKAGE_CACHE_MB", default=2048)
MODEL_PROVIDER = env.str("MODEL_PROVIDER", default="")
USE_OPENROUTER = env.bool("USE_OPENROUTER", default=False)
USE_TESTING_MODE = env.bool("USE_TESTING_MODE", default=False)
OPENROUTER_API_KEY = env.str("OPENROUTER_API_KEY", default="")
OPENROUTER_BASE_URL = env.str("OPENROUTER_BASE_URL", default="https://openrouter.ai/api/v1")
QWEN_API_KEY = env.str("QWEN_API_KEY", default="")
QWEN_BASE_URL = env.str("QWEN_BASE_URL", default="https://dashscope-intl.aliyuncs.com/compatible-mode/v1")
ANTHROPIC_API_KEY = env.str("ANTHROPIC_API_KEY", default="")
ANTHROPIC_BASE_URL = env.str("ANTHROPIC_BASE_URL", default="https://api.anthropic.com/v1/")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="https://api.openai.com/v1")
SCRIPTED_PROVIDER = env.str("SCRIPTED_PROVIDER", default="")  # dotted path, for tests only
CUSTOM_BASE_URL = env.str("CUSTOM_BASE_URL", default="")
CUSTOM_API_KEY = env.str("CUSTOM_API_KEY", default="")
CUSTOM_MODEL = env.str("CUSTOM_MODEL", default="")
CUSTOM_CONTEXT_TOKENS = env.int("CUSTOM_CONTEXT_TOKENS", default=32_000)
CUSTOM_MAX_OUTPUT_TOKENS = env.int("CUSTOM_MAX_OUTPUT_TOKENS", default=8_000)
CUSTOM_WHOLE_FILES = env.bool("CUSTOM_WHOLE_FILES", default=False)
CUSTOM_JSON_SCHEMA = env.bool("CUSTOM_JSON_SCHEMA", default=False)
USER_ENDPOINTS = env.bool("USER_ENDPOINTS", default=True)
ALLOWED_ENDPOINT_HOSTS = env.list("ALLOWED_ENDPOINT_HOSTS", default=[])
LOCAL_ENDPOINTS = env.bool("LOCAL_ENDPOINTS", default=True)
PROBES_PER_HOUR = env.int("PROBES_PER_HOUR", default=20)
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
CHROMA_URL = env.str("CHROMA_URL", default="http://127.0.0.1:8001")
MODEL_SECONDS = env.float("MODEL_SECONDS", default=300.0)
RUNS_PER_USER = env.int("RUNS_PER_USER", default=3)
USER_TOKENS_PER_DAY = env.int("USER_TOKENS_PER_DAY", default=0)
USER_USD_PER_DAY = env.str("USER_USD_PER_DAY", default="")
PROVIDER_WAIT_HOURS = env.float("PROVIDER_WAIT_HOURS", default=24.0)
PREVIEW_PORT = env.int("PREVIEW_PORT", default=8002)
PREVIEW_ORIGIN = env.str("PREVIEW_ORIGIN", default="") or f"http://preview.localhost:{PREVIEW_PORT}"
PREVIEWS = env.int("PREVIEWS", default=6)
PREVIEWS_PER_USER = env.int("PREVIEWS_PER_USER", default=2)
LEASE_SECONDS = env.int("LEASE_SECONDS", default=30)
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", default=3)
CANARY_SECONDS = env.float("CANARY_SECONDS", default=15.0)
CANARY_STALE_SECONDS = env.float("CANARY_STALE_SECONDS", default=90.0)
FREE_DISK_MB = env.int("FREE_DISK_MB", default=500)
DRAIN_SECONDS = env.float("DRAIN_SECONDS", default=25.0)
# Days; 0 is for ever.
KEEP_LOGS_DAYS = env.int("KEEP_LOGS_DAYS", default=90)
KEEP_CALLS_DAYS = env.int("KEEP_CALLS_DAYS", default=90)
KEEP_ATTEMPTS_DAYS = env.int("KEEP_ATTEMPTS_DAYS", default=0)

QUIET_LOGGERS = ("django.channels.server", "daphne", "django-q", "httpx", "httpx2")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"mask": {"()": "generations.masking.MaskingFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["mask"]}},
    # One line a request, the server's own greeting and five lines a canary tell nobody anything.
    "loggers": {name: {"level": "WARNING"} for name in QUIET_LOGGERS},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
