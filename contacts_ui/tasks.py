"""The background engine's side: it only decides *when* to look; the wishes table says what is due.

`django_tasks` is imported here and nowhere else, since Django 6 has the same under another name.
"""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django_tasks import task

from contacts_ui.request_id import request_id
from contacts_ui.services import wishes

AT_ONCE = 8


@task()
def deliver_due_wishes() -> int:
    """Call the vendors of every wish that is due; return how many were looked at."""
    keys = wishes.due_now()
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="worker") as callers:
        list(callers.map(_deliver, keys))
    return len(keys)


def _deliver(key: int) -> None:
    try:
        with request_id():
            wishes.deliver(key)
    finally:
        connections.close_all()
