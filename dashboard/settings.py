"""Reads the environment, and fails loudly. `.env.example` lists every name with one line each."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard.error_reports import start_sentry
from dashboard.logs import configure_structlog, logging_config
from dashboard.metrics import metrics_dir
from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET, read_vendors

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
if env.bool("DJANGO_READ_DOT_ENV", default=True) and (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DJANGO_DEBUG", default=False)
HTTPS = env.bool("DJANGO_HTTPS", default=not DEBUG)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")
if not SECRET_KEY and (VAR_DIR / "secret-key").exists():
    # `make run` makes one for this machine.
    SECRET_KEY = (VAR_DIR / "secret-key").read_text().strip()
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set. Any 50 random characters will do."
        )
    SECRET_KEY = "only-for-debugging-and-never-for-anything-that-is-reached-by-people"  # noqa: S105

# Keys that sign nothing new, but whose sessions and open pages stay good for a while after the key was changed.
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])

# --- What this dashboard is connected to -----------------------------------------------------------

VENDORS = read_vendors(env)
# What is practised must never meet real vendors: logins, wishes on their way and last known pages stay apart.
OWN_DIR = VAR_DIR / ("practice" if VENDORS.sandbox else "live")
OWN_DIR.mkdir(exist_ok=True)
SLICKTEXT_CALLS_PER_SECOND = env.float("SLICKTEXT_CALLS_PER_SECOND", default=8.0)
STOP_DEADLINE_SECONDS = env.float("STOP_DEADLINE_SECONDS", default=2.5)
OPT_IN_EXPIRES_HOURS = env.float("OPT_IN_EXPIRES_HOURS", default=72.0)
# None: for ever. Else `manage.py prune_ledger` removes what is older; nothing does it by itself.
LEDGER_RETENTION_DAYS = env.int("LEDGER_RETENTION_DAYS", default=0) or None
LONGEST_RETRY_SECONDS = env.float("LONGEST_RETRY_SECONDS", default=300.0)
LATE_EFFECT_SECONDS = env.float("LATE_EFFECT_SECONDS", default=120.0)
WORKER_CALLS_AT_ONCE = env.int("WORKER_CALLS_AT_ONCE", default=6)
# For how long a page that was just read from SlickText is fresh enough for the next who asks; 0: not at all.
READ_CACHE_SECONDS = env.float("READ_CACHE_SECONDS", default=3.0)
# How long a bare press is held and can be unsent; 0 sends at once.
UNDO_SECONDS = env.float("UNDO_SECONDS", default=20.0)
if not 0 <= UNDO_SECONDS <= 120:
    raise ImproperlyConfigured("UNDO_SECONDS must be between 0 and 120.")
if "UNDO_MINUTES" in env.ENVIRON:
    raise ImproperlyConfigured(
        "UNDO_MINUTES is gone: stops are held for UNDO_SECONDS (20) instead. Remove UNDO_MINUTES."
    )
# After how many days a lift request that nobody decides expires; 0: never.
LIFT_REQUEST_EXPIRES_DAYS = env.float("LIFT_REQUEST_EXPIRES_DAYS", default=30.0)
FOUR_EYES = env.bool("FOUR_EYES", default=True)
# Within how many days every stop is told to CloudContactAI again, or read back; 0: never.
STOP_RENEWAL_DAYS = env.float("STOP_RENEWAL_DAYS", default=7.0)
# For so long after a vendor got a stop, a text may have been on its way.
TEXT_GRACE_MINUTES = env.float("TEXT_GRACE_MINUTES", default=15.0)
if STOP_RENEWAL_DAYS < 0 or TEXT_GRACE_MINUTES < 0:
    raise ImproperlyConfigured("STOP_RENEWAL_DAYS and TEXT_GRACE_MINUTES must not be below 0.")
# Without a secret there is no such webhook; for practice both have one that everybody knows.
CCAI_WEBHOOK_SECRET = env.str("CCAI_WEBHOOK_SECRET", default="") or (
    PRACTICE_CCAI_SECRET if VENDORS.sandbox else ""
)
SLICKTEXT_WEBHOOK_SECRET = env.str("SLICKTEXT_WEBHOOK_SECRET", default="") or (
    PRACTICE_SLICKTEXT_SECRET if VENDORS.sandbox else ""
)
# How often every stopped number is looked up at SlickText; 0: never.
DISAGREEMENT_SWEEP_HOURS = env.float("DISAGREEMENT_SWEEP_HOURS", default=24.0)
# The local copy for finding, sorting and counting; off for those who may not keep one.
CONTACT_INDEX = env.bool("CONTACT_INDEX", default=True)
# How many minutes after a walk through all contacts the next one begins.
INDEX_WALK_MINUTES = env.float("INDEX_WALK_MINUTES", default=15.0)
# Whoever scrapes /metrics must send it; empty: nothing is counted, and /metrics is a 404.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    METRICS_DIR = metrics_dir(env.str("METRICS_DIR", default=""), OWN_DIR)
    # prometheus-client asks the environment for it, as it is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)

# --- Django ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "contacts_ui",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "heroicons",
    "template_partials",
]

MIDDLEWARE = [
    "contacts_ui.middleware.server_timing",
    "contacts_ui.request_log.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "contacts_ui.middleware.HostCheckedMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "contacts_ui.middleware.ended_sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "contacts_ui.middleware.private_pages",
    "contacts_ui.middleware.readers_time_zone",
    "contacts_ui.middleware.refusals",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"

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
                "contacts_ui.context_processors.surroundings",
            ],
        },
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja"],
        "OPTIONS": {"environment": "contacts_ui.jinja.environment"},
    },
]
FORM_RENDERER = "contacts_ui.jinja.FormRenderer"

# --- Database and cache ----------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL")
    if env.str("DATABASE_URL", default="")
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": OWN_DIR / "dashboard.sqlite3"}
}
# A new connection for each page costs more than all that the page asks: on SQLite it first reads the whole schema.
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
if str(DATABASES["default"]["ENGINE"]).endswith("sqlite3"):
    # Stock SQLite fails almost half of the writes of eight clients; these settings fail none.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
    if str(DATABASES["default"]["ENGINE"]).endswith("postgresql"):
        # A database machine that is gone must not hold every thread for minutes.
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_redis_url = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis_url,
        # The pages live without it, if it does not keep them waiting.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if _redis_url
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": OWN_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- People ----------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "contacts_ui.sign_in.OneQueryBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "contacts_ui.sign_in"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# A pasted list of 50,000 lines with names in them; files are not counted here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000
SESSION_COOKIE_AGE = int(env.float("SESSION_HOURS", default=10.0) * 3600)
AXES_FAILURE_LIMIT = env.int("LOGIN_ATTEMPTS", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.float("LOGIN_LOCK_MINUTES", default=15.0))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False

# --- Safety in the browser -------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "contacts_ui.views.operations.page_too_old"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"] if HTTPS else []

# --- Words, times, files ---------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = env.str("DASHBOARD_TIME_ZONE", default="America/New_York")

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_DIR", default="") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
# Until `collectstatic` has run, files are served from where they lie, so that nothing is a 500.
WHITENOISE_USE_FINDERS = DEBUG or not (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard.static_files.JoinedStaticFiles"},
}

# --- Logs, metrics, error reports -------------------------------------------------------------------

_secrets = [
    SECRET_KEY,
    *SECRET_KEY_FALLBACKS,
    *(vendor.api_key for vendor in VENDORS.connected),
    CCAI_WEBHOOK_SECRET,
    SLICKTEXT_WEBHOOK_SECRET,
    METRICS_TOKEN,
]
LOGGING = logging_config(
    form=env.str("LOG_FORMAT", default="auto"),
    level=env.str("LOG_LEVEL", default="INFO").upper(),
    debug=DEBUG,
    secrets=_secrets,
)
configure_structlog()
# Error mails and DEBUG pages: without what a person typed, and without keys.
DEFAULT_EXCEPTION_REPORTER = "dashboard.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.error_reports.Filter"
start_sentry(env.str("SENTRY_DSN", default=""), secrets=_secrets)
