"""`make bench`: measure each page, also against plain Django in the same run, since machines are noisy.

Starts the sandbox on a free port and drives the real views in this process, with a temporary database.
"""

import logging
import os
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

RUNS = 60


def main() -> None:
    import django

    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from sandbox.server import running

    setup_test_environment()
    logging.disable(logging.WARNING)

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder, running(people=5000, seed=1) as vendors:
            collect_static(folder)
            vendors.set_switches(rate_limit=False)
            connect(vendors)
            client = manager()
            print_costs(client)
            print_table_time(client)
            print_weight(client)
    finally:
        teardown_databases(databases, verbosity=0)


def collect_static(folder: str) -> None:
    """Collect static files as in production, to weigh what is served there."""
    from django.conf import settings
    from django.core.management import call_command

    settings.STATIC_ROOT = folder
    settings.STORAGES["staticfiles"]["BACKEND"] = "dashboard.static_files.StaticFiles"
    call_command("collectstatic", interactive=False, verbosity=0)


def connect(vendors: Any) -> None:
    from django.conf import settings

    from contacts_ui.services.vendors import forget_connections
    from dashboard.vendors import Vendors, VendorSettings

    settings.VENDORS = Vendors(
        VendorSettings(vendors.slicktext_url, "sandbox-slicktext-key", "26136"),
        VendorSettings(vendors.ccai_url, "sandbox-ccai-key", "sandbox-client"),
        sandbox=True,
    )
    settings.SLICKTEXT_CALLS_PER_SECOND = 100_000
    settings.ALLOWED_HOSTS = ["testserver"]
    # The bench opens more contacts than an account may in an hour.
    settings.READS_PER_HOUR = 0
    forget_connections()


def manager() -> Any:
    from django.contrib.auth.models import Group, User
    from django.test import Client

    user = User.objects.create_user("bench", password="bench")  # noqa: S106
    user.groups.add(Group.objects.get(name="Managers"))
    client = Client()
    client.force_login(user)
    return client


PAGES = {
    "table": "/contacts/",
    "table, filtered": "/contacts/?status=subscribed&state=TX",
    "search by number": "/contacts/?q=615-555-3338",
    "search by email": "/contacts/?q=marty@slicktext.com",
    "search by id": "/contacts/?q=7778",
    "search by first and last name": "/contacts/?q=marty+mcfly",
    "search by one name": "/contacts/?q=marty",
    "contact": "/contacts/7778/",
    "edit form": "/contacts/7778/edit/",
    "new form": "/contacts/new/",
    "consent form": "/contacts/7778/opt-in/",
    "delete form": "/contacts/7778/delete/",
    "status": "/status/",
}


def print_costs(client: Any) -> None:
    print(f"{'page':<32}{'vendor calls':>14}{'queries':>10}")
    for _ in range(2):
        # The first page after a start makes a few queries more, once.
        client.get("/contacts/")
    for name, address in PAGES.items():
        timing = client.get(address)["Server-Timing"]
        print(f"{name:<32}{count(timing, 'calls'):>14}{count(timing, 'queries'):>10}")
    print_stop_costs(client)


def print_stop_costs(client: Any) -> None:
    ticket = re.search(r'name="ticket" value="([^"]+)"', client.get("/contacts/7778/").text)
    assert ticket  # noqa: S101
    answer = client.post(
        "/contacts/7778/do-not-text/", {"ticket": ticket[1]}, headers={"HX-Request": "true"}
    )
    timing = answer["Server-Timing"]
    note = "(the click itself; the two deliveries have threads and connections of their own)"
    calls, queries = count(timing, "calls"), count(timing, "queries")
    print(f"{'stop':<32}{calls:>14}{queries:>10}  {note}")


def count(timing: str, name: str) -> int:
    found = re.search(rf'{name};desc="(\d+)"', timing)
    return int(found[1]) if found else -1


def part(timing: str, name: str) -> float:
    found = re.search(rf"{name};dur=([\d.]+)", timing)
    return float(found[1]) if found else 0.0


def print_table_time(client: Any) -> None:
    """Time the table without the vendor's share, against a plain view that returns the same HTML."""
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from dashboard import urls

    html = client.get("/contacts/").content

    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse(html)

    urls.urlpatterns.append(path("plain/", plain))
    table, plainly = [], []
    for _ in range(RUNS):
        timing = client.get("/contacts/")["Server-Timing"]
        table.append(part(timing, "total") - part(timing, "vendor"))
        timing = client.get("/plain/")["Server-Timing"]
        plainly.append(part(timing, "total"))
    ours, theirs = statistics.median(table), statistics.median(plainly)
    print(f"\ntable without the vendor's share   {ours:6.1f} ms (median of {RUNS})")
    print(f"a plain view with the same HTML    {theirs:6.1f} ms   ratio {ours / theirs:.1f}")


def print_weight(client: Any) -> None:
    """Weigh the table page with everything it loads, compressed as it is served."""
    from django.conf import settings

    html = client.get("/contacts/").content
    files = set(re.findall(r'(?:href|src)="/static/([^"?#]+)', html.decode()))
    ways = [weigh(client, way) for way in ("identity", "gzip", "br")]
    sizes: dict[str, list[int]] = {"HTML": ways}
    for name in files:
        kind = {"css": "CSS", "js": "JS"}.get(name.rsplit(".", 1)[-1], "icons")
        kept = [Path(settings.STATIC_ROOT) / f"{name}{end}" for end in ("", ".gz", ".br")]
        before = sizes.get(kind, [0, 0, 0])
        sizes[kind] = [size + path.stat().st_size for size, path in zip(before, kept, strict=True)]
    print(f"\nweight of the table page and its {len(files)} files, in KB")
    print(f"{'':<10}{'plain':>8}{'gzip':>8}{'brotli':>8}")
    total = [sum(each) for each in zip(*sizes.values(), strict=True)]
    for kind, found in (*sizes.items(), ("all", total)):
        print(f"{kind:<10}" + "".join(f"{size / 1024:8.1f}" for size in found))


def weigh(client: Any, way: str) -> int:
    """Return the bytes of the table's page, compressed as a browser asks for it."""
    return len(client.get("/contacts/", headers={"Accept-Encoding": way}).content)


if __name__ == "__main__":
    main()
