"""Django's admin over two plain tables of the same people: what `make bench` compares the dashboard with.

`Person` is the admin as it comes. `Tuned` counts only what a filter found, and searches by trigrams. Served by gunicorn
from the database that DATABASE_URL names, in an environment of its own; run as a script, it makes the admin's tables.
"""

import csv
from functools import cached_property
from pathlib import Path
from typing import Any

import environ
from django.apps import AppConfig
from django.conf import settings


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
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.models.expressions import RawSQL  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Columns(models.Model):
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
        abstract = True
        app_label = "bench"

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Person(Columns):
    class Meta(Columns.Meta):
        db_table = "bench_person"


class Tuned(Columns):
    class Meta(Columns.Meta):
        db_table = "bench_tuned"


class AboutEveryone(Paginator):  # type: ignore[type-arg]
    """Count what was found; of everyone, take the highest id."""

    @cached_property
    def count(self) -> int:
        if self.object_list.query.where:  # type: ignore[attr-defined]
            return super().count
        return Tuned._default_manager.aggregate(models.Max("pk"))["pk__max"] or 0


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("last_name", "first_name", "mobile_number", "email", "city", "state", "status")
    list_filter = ("status", "state")
    list_per_page = 50
    ordering = ("contact_id",)
    search_fields = ("first_name", "last_name", "mobile_number", "email")


@admin.register(Tuned)
class TunedAdmin(PersonAdmin):
    # As it comes, the filters read every status and state of the table for each page.
    list_filter = ()  # type: ignore[assignment]
    show_full_result_count = False
    paginator = AboutEveryone

    def get_search_results(
        self, request: HttpRequest, queryset: Any, term: str
    ) -> tuple[Any, bool]:
        if connection.vendor != "sqlite" or not term:
            # On PostgreSQL the usual search finds the trigram indexes.
            return super().get_search_results(request, queryset, term)
        words = " AND ".join('"' + word.replace('"', '""') + '"' for word in term.split())
        found = RawSQL("SELECT rowid FROM bench_text WHERE bench_text MATCH %s", [words])
        return queryset.filter(pk__in=found), False


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

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    # Of several sizes on PostgreSQL, the first has made it.
    if not User.objects.filter(username="admin").exists():
        call_command("createsuperuser", username="admin", email="a@example.com", interactive=False)
