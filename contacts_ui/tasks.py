"""The background engine's side: it only decides *when* to look; the wishes table says what is due.

`django_tasks` is imported here and nowhere else, since Django 6 has the same under another name.
"""

from django_tasks import task

from contacts_ui.models import Vendor
from contacts_ui.services.crew import Crew, deliver_all

# The threads of this process that call the vendors; a worker has them, others deliver in the task itself.
crew: Crew | None = None


@task()
def deliver_due_wishes() -> int:
    """Have the vendors of every due wish called; return how many were found."""
    if crew is not None:
        return crew.look()
    return sum(deliver_all(vendor) for vendor in Vendor)
