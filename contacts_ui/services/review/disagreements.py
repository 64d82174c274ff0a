"""Disagreements for managers: what each vendor holds, as far as we know, and what is being done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contacts_ui.models import DesiredState, Disagreement, Job
from contacts_ui.models.job import JobKind
from contacts_ui.permissions import Staff, require
from contacts_ui.services import jobs
from contacts_ui.services.consent import disagreements, record
from contacts_ui.services.consent.rules import VendorState, judge
from contacts_ui.services.jobs.sources import from_disagreements
from contacts_ui.services.vendors import connected


@dataclass(frozen=True)
class Shown:
    """One disagreement, both vendors' states, and if a stop is on its way to one of them."""

    row: Disagreement
    vendors: tuple[VendorState, ...]
    on_its_way: bool


@dataclass(frozen=True)
class Found:
    """One part of the open disagreements, and how many there are in all."""

    shown: list[Shown]
    total: int


def find(*, limit: int, offset: int) -> Found:
    """Close what agrees now, then return the open disagreements, reappearances on top."""
    disagreements.close_agreed()
    found = disagreements.present()
    return Found(show(found[offset : offset + limit]), found.count())


def show(disagreed: Iterable[Disagreement]) -> list[Shown]:
    """Return these disagreements with what each vendor holds."""
    rows = list(disagreed)
    numbers = {row.number for row in rows}
    desired_states = record.grouped(DesiredState.objects.filter(number__in=numbers))
    states = record.states_of(numbers)
    shown = []
    for row in rows:
        own = desired_states[row.number]
        judgment = judge(
            row.status,
            row.found_at,
            own,
            connected(),
            number=row.number,
            state=states.get(row.number),
        )
        waiting = any(state.state == "on_its_way" for state in judgment.vendors)
        shown.append(Shown(row, judgment.vendors, waiting and any(w.do_not_text for w in own)))
    return shown


def repair_all(*, staff: Staff, keys: Sequence[int]) -> Job:
    """Start a job that stops everyone in these disagreements at every vendor. Raise NotAllowed, jobs.CannotCreate."""
    require(staff, "review_opt_outs")
    job = jobs.create(staff=staff, kind=JobKind.REPAIR, source=from_disagreements(keys))
    return jobs.start(staff=staff, pk=job.pk)
