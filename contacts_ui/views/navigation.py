"""The navigation of every page: three groups of places, with what waits in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contacts_ui.permissions import Staff, may
from contacts_ui.services.review import inbox


@dataclass(frozen=True)
class Place:
    """A page of the navigation.

    `below` names the pages that are reached from it; `counts` what waits there, and `word` says that it does.
    """

    name: str
    label: str
    permission: str
    below: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    word: str = "waiting"
    # Who has this permission has another page instead.
    unless: str = ""


@dataclass(frozen=True)
class Entry:
    """A place as this reader sees it: `current` is "page" on it, "true" on a page below it, or ""."""

    place: Place
    waiting: int
    current: str


@dataclass(frozen=True)
class Group:
    """The places of one group that this reader may open; its own link leads to the first of them."""

    key: str
    label: str
    entries: list[Entry]

    @property
    def current(self) -> bool:
        return any(entry.current for entry in self.entries)

    @property
    def counts(self) -> bool:
        return any(entry.place.counts for entry in self.entries)

    @property
    def waiting(self) -> int:
        return sum(entry.waiting for entry in self.entries)


PLACES: Final = {
    "People": (
        Place(
            "contact-list",
            "Contacts",
            "view_contacts",
            (
                *("contact-detail", "contact-edit", "contact-delete", "contact-history"),
                *("contact-export", "list-export", "number-detail", "number-history"),
                *("do-not-text", "opt-in", "ask-lift", "wrong-person"),
                *("number-do-not-text", "number-opt-in", "number-ask-lift", "number-wrong-person"),
                *("saved-view-list", "saved-view-new", "saved-view-edit"),
            ),
        ),
        Place("contact-new", "New contact", "edit_contacts"),
        Place("contact-import", "Import", "import_contacts", ("import-columns", "import-check")),
        Place("job-list", "Jobs", "bulk_work", ("job-new", "job-detail")),
        Place("stop-number", "Stop a number", "stop_texts"),
    ),
    "Review": (
        Place("overview", "Overview", "review_opt_outs"),
        Place("agent-home", "Home", "stop_texts", unless="review_opt_outs"),
        Place("opt-out-list", "Opt-outs", "review_opt_outs"),
        Place("attention", "Needs attention", "review_opt_outs", counts=inbox.ATTENTION),
        Place("disagreement-list", "Vendors disagree", "review_opt_outs", counts=("disagree",)),
        Place("possible-opt-out-list", "Possible opt-outs", "stop_texts", counts=("asked",)),
        Place("lift-request-list", "Lift requests", "lift_stops", counts=("lifts",)),
        Place("my-lift-requests", "My requests", "ask_lift", counts=("decided",), word="decided"),
        Place("texts-after-stop", "Texts after a stop", "view_audit"),
    ),
    "Records": (
        Place("audit", "Audit log", "view_audit", ("evidence",)),
        Place("security-events", "Security events", "view_security_events"),
        Place("status", "Status", "view_status"),
        Place(
            "people-list",
            "People & roles",
            "manage_people",
            ("person-invite", "person-detail", "person-forget"),
        ),
    ),
}


def navigation(staff: Staff, current: str, *, fresh: bool = False) -> list[Group]:
    """Return the groups that `staff` may open, on the page whose route is `current`.

    What waits was counted some seconds ago, unless `fresh`.
    """
    counts = inbox.counts_for(staff, fresh=fresh)
    groups = [
        Group(
            label.lower(),
            label,
            [_entry(each, counts, current) for each in places if _is_for(staff, each)],
        )
        for label, places in PLACES.items()
    ]
    return [group for group in groups if group.entries]


def _is_for(staff: Staff, place: Place) -> bool:
    return may(staff, place.permission) and not (place.unless and may(staff, place.unless))


def _entry(place: Place, counts: Mapping[str, int], current: str) -> Entry:
    below = "true" if current in place.below else ""
    waiting = sum(counts[name] for name in place.counts)
    return Entry(place, waiting, "page" if current == place.name else below)
