"""How long each kind of data is kept, in one table. docs/reference.md shows it; a test compares the two."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts_ui.models import Job, Vendor, WebhookEvent
from contacts_ui.models.consent import PressState
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.models.messages import MessageState
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.jobs.running import results_of
from contacts_ui.services.webhooks import inbox

# Short, so that the hourly look at ended jobs reads few rows.
JUST_ENDED: Final = timedelta(days=2)
ENDED: Final = (JobState.DONE, JobState.CANCELLED)
# Events with words that people wrote or were sent.
WITH_WORDS: Final = Q(event__istartswith="message.") | Q(event__iexact="inbox_message_received")
DONE_WITH: Final = Q(needs_decision=False, due_at=None)

# Changes rows instead of removing them. Afterward the rule no longer finds them.
Change = Callable[[QuerySet[Any]], object]


@dataclass(frozen=True)
class Rule:
    """How long some rows of a table are kept. `table` may list several, with spaces, if nothing removes them.

    `over` finds those that are older than a time, which is `days` ago. Without `days` nothing removes them here, and
    `until` says how long they stay. `setting` changes the days; `change` is done to the rows instead of removing them.
    """

    table: str
    rows: str
    days: float | None = None
    over: Callable[[datetime], Q] | None = None
    setting: str = ""
    change: Change | None = None
    until: str = ""

    @property
    def is_installed(self) -> bool:
        """Return True if the table is there."""
        app, _, name = self.table.partition(".")
        return app in apps.app_configs and name.lower() in apps.all_models[app]

    @property
    def kept(self) -> str:
        """Return how long they are kept unless a setting says otherwise, in words."""
        if self.days is None:
            return self.until
        return _IN_WORDS.get(self.days, f"{self.days:g} days")


_IN_WORDS: Final[dict[float, str]] = {0: "removed at once", 1: "1 day"}


def days_of(rule: Rule) -> float | None:
    """Return for how many days a rule's rows are kept: its setting's days, if it has one."""
    return getattr(settings, rule.setting) if rule.setting else rule.days


def _empty_bodies(events: QuerySet[WebhookEvent]) -> None:
    rows = list(events)
    for event in rows:
        event.body = inbox.emptied(event.body)
    WebhookEvent.objects.bulk_update(rows, ["body"])


def _close(jobs: QuerySet[Job]) -> None:
    """Keep the counts of jobs whose rows are removed next. Jobs that never started can no longer start."""
    rows = list(jobs)
    for job in rows:
        if job.state == JobState.PREVIEW:
            job.state, job.counts, job.total = JobState.CANCELLED, {}, 0
            job.finished_at = job.created_at
        job.results, job.params = job.results or results_of(job), {}
    Job.objects.bulk_update(rows, ["state", "counts", "total", "finished_at", "results", "params"])


def _session_ended(before: datetime) -> Q:
    sessions = apps.get_model("sessions", "Session")._default_manager
    same = sessions.filter(session_key=OuterRef("session_key"))
    return Q(created_at__lt=before) & ~Q(Exists(same))


def _job_over(before: datetime) -> Q:
    never_started = Q(state=JobState.PREVIEW, created_at__lt=before)
    return (Q(state__in=ENDED, finished_at__lt=before) | never_started) & ~Q(params={})


PROOF: Final = "never removed: proof"

# In this order: a job keeps its counts before its rows go.
RULES: Final = (
    Rule(
        "contacts_ui.WebhookEvent", "Events with words that people wrote or were sent", 30,
        lambda before: WITH_WORDS & DONE_WITH & Q(done_at__lt=before),
        setting="RETENTION_DAYS_WEBHOOK_BODIES",
    ),
    Rule(
        "contacts_ui.WebhookEvent", "What a page read and left for the worker", 1,
        lambda before: Q(event=slicktext_readings.READING) & DONE_WITH & Q(done_at__lt=before),
    ),
    Rule(
        "contacts_ui.WebhookEvent", "Bodies of other events; the event and a hash of its body stay", 30,
        lambda before: DONE_WITH & Q(done_at__lt=before) & ~Q(body__has_key=inbox.EMPTIED),
        setting="RETENTION_DAYS_WEBHOOK_BODIES", change=_empty_bodies,
    ),
    Rule(
        "contacts_ui.WebhookEvent", "Events that wait, or need a decision", until="until that is done"
    ),
    Rule(
        "contacts_ui.JobRow", "What rows of a finished import brought", 0,
        lambda now: Q(
            job__kind=JobKind.IMPORT, job__state__in=ENDED,
            job__finished_at__gt=now - JUST_ENDED,
        ) & ~Q(state__in=(RowState.WAITING, RowState.WORKING)) & ~Q(data={}),
        change=lambda rows: rows.update(data={}),
    ),
    Rule(
        "contacts_ui.Job", "Input of jobs that ended or were never started; counts stay", 90,
        _job_over, setting="RETENTION_DAYS_JOB_ROWS", change=_close,
    ),
    Rule(
        "contacts_ui.JobRow", "Rows of such jobs", 90,
        lambda before: Q(job__state__in=ENDED, job__finished_at__lt=before),
        setting="RETENTION_DAYS_JOB_ROWS",
    ),
    Rule("contacts_ui.Upload", "Uploads and lists to export", 1, lambda before: Q(uploaded_at__lt=before)),
    Rule(
        "contacts_ui.IncomingMessage", "Messages that were decided; words of a stop stay with its statement", 30,
        lambda before: Q(decided_at__lt=before) & ~Q(state=MessageState.WAITING),
    ),
    Rule(
        # Every vendor, so that the index by vendor and time is used. News of a stop may come late.
        "contacts_ui.SentText", "Other texts that vendors sent", 90,
        lambda before: Q(vendor__in=Vendor.values, kind="", heard_at__lt=before),
    ),
    Rule("contacts_ui.SentText", "Texts after a stop", until=PROOF),
    Rule(
        "contacts_ui.HeldPress", "Clicks that were sent or undone; a stop has its own statement", 30,
        lambda before: Q(ended_at__lt=before) & ~Q(state=PressState.HELD),
    ),
    Rule(
        "contacts_ui.Disagreement", "Disagreements that were closed", 365,
        lambda before: Q(closed_at__lt=before),
    ),
    Rule(
        "contacts_ui.SecurityEvent", "Security events", 365,
        lambda before: Q(at__lt=before), setting="RETENTION_DAYS_SECURITY_EVENTS",
    ),
    Rule("contacts_ui.ContactReads", "How many contacts were read", 7, lambda before: Q(hour__lt=before)),
    Rule(
        "contacts_ui.AccountLink", "Links that were used or expired", 30,
        lambda before: Q(used_at__lt=before) | Q(expires_at__lt=before),
    ),
    Rule("sessions.Session", "Sessions that expired", 0, lambda now: Q(expire_date__lt=now)),
    Rule("usersessions.UserSession", "Devices whose session ended", 1, _session_ended),
    Rule("admin.LogEntry", "Changes in Django's admin", 365, lambda before: Q(action_time__lt=before)),
    Rule("contacts_ui.LedgerEntry", "The ledger", until="`LEDGER_RETENTION_DAYS`, by `prune_ledger` alone"),
    Rule(
        "contacts_ui.Statement contacts_ui.ConsentState contacts_ui.DesiredState contacts_ui.OptOut"
        " contacts_ui.LiftRequest contacts_ui.PrunedEntry",
        "The consent record: statements, desired states, opt-outs, lift requests", until=PROOF,
    ),
    Rule("contacts_ui.ForgottenPerson", "Numbers of forgotten people", until="until forgetting is undone"),
    Rule("contacts_ui.NumberFact", "Landline, not reachable: told by a vendor", until="until a vendor says otherwise"),
    Rule("contacts_ui.IndexedContact", "The index of contacts", until="as long as SlickText has them"),
    Rule("contacts_ui.IndexTypo", "Words of the index, for typos", until="until no contact has them"),
    Rule(
        "contacts_ui.IndexAnchor contacts_ui.IndexCount", "Positions and counts of the index",
        until="until the next index sync",
    ),
    Rule("contacts_ui.IndexDeletion", "Contacts that were deleted", until="1 hour, by the index sync"),
    Rule(
        "contacts_ui.AnswersOfDay", "How many contacts had each answer on a day; no people",
        until="until another account is read",
    ),
    Rule("contacts_ui.WorkerHeartbeat", "Running workers", until="30 seconds, by the workers"),
    Rule(
        "contacts_ui.LedgerHead contacts_ui.IndexSync contacts_ui.ReconcileProgress contacts_ui.ConsentSetup"
        " contacts_ui.VendorHealth contacts_ui.VendorAbility contacts_ui.CallBudget",
        "Current state: ledger, index, checks, vendors", until="one row each, changed in place",
    ),
    Rule(
        "contacts_ui.Preference contacts_ui.SavedView", "Chosen columns and saved views",
        until="as long as the account",
    ),
)  # fmt: skip
