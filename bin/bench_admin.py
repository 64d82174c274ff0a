"""Django's admin as it comes, over a plain table of the same people: what `make bench` compares the dashboard with.

Served by gunicorn from the database that DATABASE_URL names; the table has the indexes that the admin can use.
"""

import csv
from pathlib import Path

import environ
from django.apps import AppConfig
from django.conf import settings

TABLE = "bench_person"


class Bench(AppConfig):
    """The one app of this file."""

    name = __name__
    label = "bench"
    path = str(Path(__file__).parent)


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": environ.Env().db_url("DATABASE_URL")},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        f"{__name__}.Bench",
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only-for-this-run",  # noqa: S106
    STATIC_URL="static/",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    USE_TZ=True,
)

import django  # noqa: E402

django.setup()

from django.contrib import admin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Person(models.Model):
    """A contact with the columns that the dashboard's table shows."""

    contact_id = models.BigIntegerField(primary_key=True)
    mobile_number = models.CharField(max_length=80, blank=True)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    city = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=80, blank=True)

    class Meta:
        app_label = "bench"
        db_table = TABLE

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("last_name", "first_name", "mobile_number", "email", "city", "state", "status")
    list_filter = ("status", "state")
    list_per_page = 50
    ordering = ("contact_id",)
    search_fields = ("first_name", "last_name", "mobile_number", "email")


@csrf_exempt
def export(request: HttpRequest) -> HttpResponse:
    """Export as CSV: the action that most people add, since the admin has none."""
    response = HttpResponse(content_type="text/csv")
    writer = csv.writer(response)
    names = [field.name for field in Person._meta.fields]
    writer.writerow(names)
    for person in Person._default_manager.all():
        writer.writerow([getattr(person, name) for name in names])
    return response


urlpatterns = [path("admin/", admin.site.urls), path("export/", export)]
application = get_wsgi_application()
