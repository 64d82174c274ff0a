"""Every permission and every role, in one place.

The permissions are ordinary Django permissions of the app `contacts_ui`, the roles ordinary groups. A migration makes
both; an administrator may mix them anew under /admin/.
"""

from typing import Any, Final, Protocol

APP_LABEL: Final = "contacts_ui"

# Codename -> what a person reads in /admin/.
PERMISSIONS: Final = {
    "ask_lift": "Ask for a stop to be lifted",
    "bulk_work": "Act on many contacts at once",
    "delete_contacts": "Delete contacts",
    "edit_contacts": "Edit and create contacts, but not their consent",
    "export_contacts": "Export contacts",
    "import_contacts": "Import contacts",
    "lift_stops": "Lift stops and change the opt-in status",
    "review_opt_outs": "Review opt-outs",
    "stop_texts": "Stop texts",
    "view_audit": "Read the audit",
    "view_contacts": "Find and read contacts",
    "view_status": "See the vendors' status",
}

_VIEWER = ("view_contacts",)
_EDITOR = (*_VIEWER, "edit_contacts")
_AGENT = (*_EDITOR, "stop_texts", "ask_lift")
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "Viewers": _VIEWER,
    "Editors": _EDITOR,
    "Agents": _AGENT,
    "Managers": tuple(PERMISSIONS),
}

# What a person is told who may not: one sentence for each permission that guards something on a screen.
REFUSALS: Final = {
    "change_view": "Only who saved a view may change it.",
    "delete_view": "Only who saved a view, or a manager, may delete it.",
    "ask_lift": "Only agents and managers may ask for a stop to be lifted.",
    "bulk_work": "Only managers may act on many contacts at once.",
    "delete_contacts": "Only managers may delete a contact.",
    "edit_contacts": "Your role may read contacts, not change them.",
    "export_contacts": "Only managers may export contacts.",
    "import_contacts": "Only managers may import contacts.",
    "lift_stops": "Only managers may allow texts again, with the person's consent written down.",
    "review_opt_outs": "Only managers may review opt-outs.",
    "stop_texts": "Only agents and managers may stop texts.",
    "view_audit": "Only managers may read the audit.",
    "view_contacts": "Your account has no role yet. Ask a manager for one.",
    "view_status": "Only managers may see the vendors' status.",
}


class Staff(Protocol):
    """Whoever acts: Django's user, as far as the services look at it."""

    @property
    def pk(self) -> Any: ...
    def has_perm(self, perm: str) -> bool: ...
    def get_username(self) -> str: ...


class NotAllowed(Exception):
    """A person tried what their role does not allow. `sentence` is for the screen."""

    def __init__(self, codename: str) -> None:
        self.codename = codename
        self.sentence = REFUSALS.get(codename, "Your role does not allow this.")
        super().__init__(self.sentence)


def may(staff: Staff, codename: str) -> bool:
    """Whether `staff` holds the permission `codename`, one of PERMISSIONS."""
    return staff.has_perm(f"{APP_LABEL}.{codename}")


def require(staff: Staff, codename: str) -> None:
    """Raise NotAllowed unless `staff` holds the permission `codename`."""
    if not may(staff, codename):
        raise NotAllowed(codename)
