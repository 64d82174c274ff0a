"""All permissions and roles: Django permissions of the app `contacts_ui`, and groups. A migration makes both."""

from typing import Any, Final, Protocol

APP_LABEL: Final = "contacts_ui"

# Codename -> its name in /admin/.
PERMISSIONS: Final = {
    "ask_lift": "Ask for a stop to be lifted",
    "bulk_work": "Act on many contacts at once",
    "delete_contacts": "Delete contacts",
    "edit_contacts": "Edit and create contacts, but not their consent",
    "export_contacts": "Export contacts",
    "import_contacts": "Import contacts",
    "lift_stops": "Lift stops and change the opt-in status",
    "manage_people": "Manage people and their roles",
    "review_opt_outs": "Review opt-outs",
    "stop_texts": "Stop texts",
    "view_audit": "Read the audit log",
    "view_contacts": "Find and read contacts",
    "view_security_events": "Read security events",
    "view_status": "See the vendors' status",
}

# People who manage accounts do not decide about consent or contacts.
_ADMINISTRATOR = ("manage_people", "view_security_events")
_VIEWER = ("view_contacts",)
_EDITOR = (*_VIEWER, "edit_contacts")
_AGENT = (*_EDITOR, "stop_texts", "ask_lift")
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "Viewers": _VIEWER,
    "Editors": _EDITOR,
    "Agents": _AGENT,
    "Managers": tuple(name for name in PERMISSIONS if name not in _ADMINISTRATOR),
    "Administrators": _ADMINISTRATOR,
}

# What a person reads who does not have the permission.
REFUSALS: Final = {
    "change_view": "Only the person who saved this view can change it.",
    "delete_view": "Only the person who saved this view, or a manager, can delete it.",
    "ask_lift": "Only agents and managers can ask to lift a stop.",
    "bulk_work": "Only managers can change many contacts at once.",
    "delete_contacts": "Only managers can delete contacts.",
    "edit_contacts": "Only editors, agents, and managers can change contacts.",
    "export_contacts": "Only managers can export contacts.",
    "import_contacts": "Only managers can import contacts.",
    "lift_stops": "Only managers can allow texts again, and only with the person's recorded consent.",
    "manage_people": "Only administrators can manage people.",
    "review_opt_outs": "Only managers can review opt-outs.",
    "stop_texts": "Only agents and managers can stop texts.",
    "view_audit": "Only managers can view the audit log.",
    "view_contacts": "Your role can't view contacts.",
    "view_security_events": "Only administrators can view security events.",
    "view_status": "Only managers can view vendor status.",
}


class Staff(Protocol):
    """The signed-in person: the part of Django's user that the services use."""

    @property
    def pk(self) -> Any: ...
    def has_perm(self, perm: str) -> bool: ...
    def get_username(self) -> str: ...


class NotAllowed(Exception):
    """Raised when a role does not allow an action. `sentence` is for the screen."""

    def __init__(self, codename: str) -> None:
        self.codename = codename
        self.sentence = REFUSALS.get(codename, "Your role doesn't allow this.")
        super().__init__(self.sentence)


def may(staff: Staff, codename: str) -> bool:
    """Return True if `staff` has the permission `codename`, one of PERMISSIONS."""
    return staff.has_perm(f"{APP_LABEL}.{codename}")


def require(staff: Staff, codename: str) -> None:
    """Raise NotAllowed unless `staff` has the permission `codename`."""
    if not may(staff, codename):
        raise NotAllowed(codename)
