"""Time pages and filters of a running sandbox over HTTP, one kept connection, as a client would."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from statistics import median
from urllib.parse import quote, urlsplit

from sandbox.slicktext import BRAND_ID, KEY

TIMES = 7
PATH = f"/v1/brands/{BRAND_ID}/contacts"
FIELDS = """
mobile_number first_name last_name email birthdate address city state zip country source timezone
language opt_in_status created last_updated member_number favorite_store
"""


def bench(url: str) -> int:
    connection = HTTPConnection(urlsplit(url).netloc)
    put(connection, {"rate_limit": False})
    for offset in (0, 500_000, 999_900):
        report(connection, f"50 at offset {offset:,}", f"{PATH}?limit=50&offset={offset}")
        report(connection, f"250 at offset {offset:,}", f"{PATH}?limit=250&offset={offset}")
    sample = fetch(connection, f"{PATH}?limit=1&offset=321")["data"][0]
    for name in FIELDS.split():
        value = quote(str(sample.get(name) or "Downtown"), safe="")
        report(connection, f"50 by {name}", f"{PATH}?{name}={value}")
        report(connection, f"none by {name}", f"{PATH}?{name}=nobody")
    deep = f"{PATH}?opt_in_status=subscribed&limit=250&offset="
    report(connection, "250 subscribed at 0", f"{deep}0")
    report(connection, "250 subscribed at 600,000", f"{deep}600000")
    put(connection, {"rate_limit": True})
    return 0


def report(connection: HTTPConnection, label: str, path: str) -> None:
    """The first call apart: the next ones may profit from it."""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        rows = len(fetch(connection, path)["data"])
        times.append((time.perf_counter() - start) * 1000)
    print(f"{label:32} {rows:5} rows  first {times[0]:8.1f} ms  median {median(times):8.1f} ms")


def fetch(connection: HTTPConnection, path: str) -> dict[str, list[dict[str, object]]]:
    connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
    value: dict[str, list[dict[str, object]]] = json.loads(connection.getresponse().read())
    return value


def put(connection: HTTPConnection, switches: dict[str, object]) -> None:
    connection.request("PUT", "/_sandbox/switches", json.dumps(switches))
    connection.getresponse().read()
