"""An index that is ready, for tests of the pages that ask it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from contacts_ui.models import IndexSync
from contacts_ui.services import index
from tests.services.index.people import person

NAMES = ("Marty McFly", "Emmett Brown", "Siobhán O'Neill", "Biff Tannen", "Lorraine Baines")


def ready(*, at: datetime | None = None, **facts: Any) -> None:
    """The sync has ended: the index answers."""
    now = at or timezone.now()
    values = {"finished_at": now, "started_at": now, "next_at": now, **facts}
    IndexSync.objects.update_or_create(pk=1, defaults=values)


def index_people(many: int = 5) -> None:
    """Put so many people into the index, and say that it is complete."""
    store_people(many)
    ready()


def store_people(many: int = 5, *, at: datetime | None = None) -> None:
    """So many people, with the five names by turns, in two cities."""
    people = [
        person(
            7000 + at_,
            NAMES[at_ % 5],
            city=("Austin", "Nashville")[at_ % 2],
            email=f"p{at_}@example.com",
            opt_in_status="subscribed",
        )
        for at_ in range(many)
    ]
    index.store(people, at or timezone.now())
