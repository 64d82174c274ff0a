"""The dashboard's settings for tests: nothing from the environment or .env is used."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_OURS = ("DJANGO_", "SLICKTEXT_", "CCAI_", "SANDBOX_", "REDIS_URL", "DASHBOARD_")
for _name in [name for name in os.environ if name.startswith(_OURS)]:
    del os.environ[_name]
os.environ |= {
    "DJANGO_SECRET_KEY": "only-for-tests",
    "DJANGO_HTTPS": "off",
    "DJANGO_READ_DOT_ENV": "off",
}
# PostgreSQL and Redis are used when the tests are told so, by names of their own.
for _ours, _theirs in (("TEST_DATABASE_URL", "DATABASE_URL"), ("TEST_REDIS_URL", "REDIS_URL")):
    os.environ[_theirs] = os.environ.get(_ours, "")

if os.environ["REDIS_URL"]:
    # Each test process has a database of its own in that Redis: a test may empty its cache.
    _number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rsplit("/", 1)[0] + f"/{_number}"

from dashboard.settings import *  # noqa: E402, F403
from dashboard.settings import CACHES, DATABASES, STORAGES  # noqa: E402

_TMP = Path(tempfile.mkdtemp(prefix="contacts-dashboard-"))
atexit.register(shutil.rmtree, _TMP, ignore_errors=True)
if str(DATABASES["default"]["ENGINE"]).endswith("sqlite3"):
    # A file, since the threads that call the vendors have connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": _TMP / "test.sqlite3"}
if "file_cache" in str(CACHES["default"]["BACKEND"]):
    CACHES["default"]["LOCATION"] = _TMP / "cache"
if os.environ["REDIS_URL"]:
    CACHES["default"]["OPTIONS"] = {"socket_connect_timeout": 60, "socket_timeout": 60}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A busy machine is slow: what is sent at once is confirmed within this.
STOP_DEADLINE_SECONDS = 20.0
# Most tests are about what is sent; those about the hold set it.
UNDO_SECONDS = 0.0
# Most tests are about one person's decision; those about two set it.
FOUR_EYES = False
# A test that changes the sandbox behind our back reads it again at once.
READ_CACHE_SECONDS = 0.0
