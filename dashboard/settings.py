"""Reads the environment, and fails loudly. `.env.example` lists every name with one line each."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from contacts_ui.permissions import ROLES
from dashboard.error_reports import start_sentry
from dashboard.logs import configure_structlog, logging_config
from dashboard.metrics import metrics_dir
from dashboard.sign_in import read_openid
from dashboard.vendors import PRACTICE_CCAI_SECRET, PRACTICE_SLICKTEXT_SECRET, read_vendors

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(exist_ok=True)

env = environ.Env()
if env.bool("DJANGO_READ_DOT_ENV", default=True) and (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DJANGO_DEBUG", default=False)
# Networks of our own proxies, whose X-Forwarded-For is believed.
TRUSTED_PROXIES = [ip_network(text) for text in env.list("TRUSTED_PROXIES", default=[])]
HTTPS = env.bool("DJANGO_HTTPS", default=not DEBUG)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Django's own administration under /admin/, for developers; the dashboard does not need it.
DJANGO_ADMIN = env.bool("DJANGO_ADMIN", default=False)
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
# What is practised must never meet real vendors: logins, desired states on their way and last known pages stay apart.
OWN_DIR = VAR_DIR / ("practice" if VENDORS.sandbox else "live")
OWN_DIR.mkdir(exist_ok=True)
# Where *Reset practice* leaves its request; `make run` sets it and looks for it.
PRACTICE_RESET_FILE = env.str("PRACTICE_RESET_FILE", default="") if VENDORS.sandbox else ""
SLICKTEXT_CALLS_PER_SECOND = env.float("SLICKTEXT_CALLS_PER_SECOND", default=8.0)
STOP_DEADLINE_SECONDS = env.float("STOP_DEADLINE_SECONDS", default=2.5)
OPT_IN_EXPIRES_HOURS = env.float("OPT_IN_EXPIRES_HOURS", default=72.0)
# None: forever. Else `manage.py prune_ledger` removes what is older; nothing does it by itself.
LEDGER_RETENTION_DAYS = env.int("LEDGER_RETENTION_DAYS", default=0) or None
# How long everything else is kept: services/retention/rules.py.
RETENTION_DAYS_WEBHOOK_BODIES = env.int("RETENTION_DAYS_WEBHOOK_BODIES", default=30)
RETENTION_DAYS_JOB_ROWS = env.int("RETENTION_DAYS_JOB_ROWS", default=90)
RETENTION_DAYS_SECURITY_EVENTS = env.int("RETENTION_DAYS_SECURITY_EVENTS", default=365)
if min(RETENTION_DAYS_WEBHOOK_BODIES, RETENTION_DAYS_JOB_ROWS, RETENTION_DAYS_SECURITY_EVENTS) < 1:
    raise ImproperlyConfigured("RETENTION_DAYS_… must be 1 or more.")
# A file on another disk to which the worker appends the head of the ledger each hour.
LEDGER_HEAD_FILE = env.str("LEDGER_HEAD_FILE", default="")
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
# Days after which an undecided lift request expires; 0: never.
LIFT_REQUEST_EXPIRES_DAYS = env.float("LIFT_REQUEST_EXPIRES_DAYS", default=30.0)
FOUR_EYES = env.bool("FOUR_EYES", default=True)
# Within how many days every stop is told to CloudContactAI again, or read back; 0: never.
STOP_RENEWAL_DAYS = env.float("STOP_RENEWAL_DAYS", default=7.0)
# For so long after a vendor got a stop, a text may have been on its way.
TEXT_GRACE_MINUTES = env.float("TEXT_GRACE_MINUTES", default=15.0)
if STOP_RENEWAL_DAYS < 0 or TEXT_GRACE_MINUTES < 0:
    raise ImproperlyConfigured("STOP_RENEWAL_DAYS and TEXT_GRACE_MINUTES must not be below 0.")
# Without a secret there is no such webhook; for practice both have a public one.
CCAI_WEBHOOK_SECRET = env.str("CCAI_WEBHOOK_SECRET", default="") or (
    PRACTICE_CCAI_SECRET if VENDORS.sandbox else ""
)
SLICKTEXT_WEBHOOK_SECRET = env.str("SLICKTEXT_WEBHOOK_SECRET", default="") or (
    PRACTICE_SLICKTEXT_SECRET if VENDORS.sandbox else ""
)
# How often every stopped number is looked up at SlickText; 0: never.
RECONCILE_HOURS = env.float(
    "RECONCILE_HOURS", default=env.float("DISAGREEMENT_SWEEP_HOURS", default=24.0)
)
# The local copy for finding, sorting and counting; off for those who may not keep one.
CONTACT_INDEX = env.bool("CONTACT_INDEX", default=True)
# How many minutes after a sync of all contacts the next one begins; by its name before 1.0, too.
INDEX_SYNC_MINUTES = env.float(
    "INDEX_SYNC_MINUTES", default=env.float("INDEX_WALK_MINUTES", default=15.0)
)
# Needed to scrape /metrics; empty: nothing is counted, and /metrics is a 404.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# How many contacts an account may open in an hour before its lists slow down and managers are told; 0: no limit.
READS_PER_HOUR = env.int("READS_PER_HOUR", default=3000)
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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "contacts_ui.middleware.server_timing",
    "contacts_ui.request_log.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "contacts_ui.compression.CompressionMiddleware",
    "contacts_ui.middleware.fragments",
    "contacts_ui.odd_requests.odd_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "contacts_ui.middleware.HostCheckedMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "contacts_ui.body_sizes.body_sizes",
    "contacts_ui.middleware.database_away",
    "django_htmx.middleware.HtmxMiddleware",
    "contacts_ui.middleware.ended_sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "contacts_ui.middleware.private_pages",
    "contacts_ui.middleware.refusals",
    "contacts_ui.middleware.contact_reads",
    "allauth.account.middleware.AccountMiddleware",
    "contacts_ui.sign_in.middleware.sign_in_rules",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"

CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "contacts_ui.jinja.Templates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "contacts_ui.jinja.environment",
            "context_processors": [
                *CONTEXT_PROCESSORS[1:],
                "contacts_ui.context_processors.surroundings",
            ],
        },
    },
    {
        # What packages bring along: Django's admin, and the messages of django-allauth.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
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
        "BACKEND": "dashboard.redis_cache.RedisCache",
        "LOCATION": _redis_url,
        # The pages live without it, if it does not keep them waiting.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if _redis_url
    else {
        "BACKEND": "dashboard.file_cache.FileCache",
        "LOCATION": OWN_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}

# --- People ----------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["contacts_ui.sign_in.OneQueryBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "contacts_ui.sign_in.passwords.OwnWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
# A pasted list of 50,000 lines with names in them; files are not counted here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000

# Company sign-in with OpenID Connect; docs/operations.md has the steps.
OPENID = read_openid(env, tuple(ROLES))
PASSWORD_LOGIN = env.bool("PASSWORD_LOGIN", default=True)
if not (PASSWORD_LOGIN or OPENID):
    raise ImproperlyConfigured(
        "PASSWORD_LOGIN is off, but OIDC_ISSUER is not set: no one could sign in."
    )
# A second factor for those who may lift stops, export, or manage people.
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=not VENDORS.sandbox)
# A session ends this long after signing in, and this long after its last request.
SESSION_HOURS = env.float("SESSION_HOURS", default=10.0)
SESSION_IDLE_MINUTES = env.float("SESSION_IDLE_MINUTES", default=60.0)
SESSION_COOKIE_AGE = int(SESSION_HOURS * 3600)
# How long after signing in or confirming to lift, export, delete, and manage people without confirming again.
CONFIRM_MINUTES = env.float("CONFIRM_MINUTES", default=15.0)
# After this many failures each next try at the account waits, except from a browser that signed in before.
LOGIN_ATTEMPTS = env.int("LOGIN_ATTEMPTS", default=5)
LOGIN_ATTEMPTS_PER_ADDRESS = env.int("LOGIN_ATTEMPTS_PER_ADDRESS", default=30)

ACCOUNT_ADAPTER = "contacts_ui.sign_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
# No one can sign up; without `password1*` sign-in would not ask for a password.
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_FORMS = {
    "login": "contacts_ui.sign_in.forms.SignInForm",
    "reauthenticate": "contacts_ui.sign_in.forms.ConfirmPasswordForm",
    "change_password": "contacts_ui.sign_in.forms.PasswordForm",
}
MFA_FORMS = {
    "authenticate": "contacts_ui.sign_in.forms.CodeForm",
    "reauthenticate": "contacts_ui.sign_in.forms.ConfirmCodeForm",
    "activate_totp": "contacts_ui.sign_in.forms.AppForm",
    "add_webauthn": "contacts_ui.sign_in.forms.PasskeyForm",
}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa", "socialaccount"]
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(CONFIRM_MINUTES * 60)
# Failed passwords are limited in `contacts_ui/sign_in/limits.py`; `login_failed` is for the codes of a second factor.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "10/5m/key",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "contacts_ui.sign_in.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Over plain HTTP, passkeys work only on the browser's own machine (http://localhost).
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "Contacts Dashboard"
MFA_TOTP_TOLERANCE = 1
# No address is verified by mail: an administrator or the company gave it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_ADAPTER = "contacts_ui.sign_in.adapters.CompanyAdapter"
SOCIALACCOUNT_PROVIDERS = OPENID.as_provider() if OPENID else {}
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = False

# --- Safety in the browser -------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        # The company sign-in button is a form that ends at the provider.
        "form-action": [SELF, *([OPENID.origin] if OPENID else [])],
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
    "staticfiles": {"BACKEND": "dashboard.static_files.StaticFiles"},
}

# --- Logs, metrics, error reports -------------------------------------------------------------------

_secrets = [
    SECRET_KEY,
    *SECRET_KEY_FALLBACKS,
    *(vendor.api_key for vendor in VENDORS.connected),
    CCAI_WEBHOOK_SECRET,
    SLICKTEXT_WEBHOOK_SECRET,
    METRICS_TOKEN,
    *([OPENID.client_secret] if OPENID else []),
]
LOGGING = logging_config(
    form=env.str("LOG_FORMAT", default="auto"),
    level=env.str("LOG_LEVEL", default="INFO").upper(),
    debug=DEBUG,
    secrets=_secrets,
    security_file=env.str("SECURITY_LOG_FILE", default=""),
)
configure_structlog()
# Error mails and DEBUG pages: without what a person typed, and without keys.
DEFAULT_EXCEPTION_REPORTER = "dashboard.error_reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.error_reports.Filter"
start_sentry(env.str("SENTRY_DSN", default=""), secrets=_secrets)
