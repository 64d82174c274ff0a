"""What may not be done to an account, and what must be confirmed first."""

from collections.abc import Collection
from typing import Final

from contacts_ui.permissions import PERMISSIONS, ROLES, Staff
from contacts_ui.services.people.reading import Person, holding

# Permissions that at least one person must keep, and what happens otherwise.
NEEDED: Final = {
    "lift_stops": "No one else could decide about consent: lift stops, or approve requests.",
    "manage_people": "No one else could manage people: invite them, or change their roles.",
}
OWN: Final = {
    "role": "You can't change your own role. Ask another administrator.",
    "deactivate": "You can't deactivate your own account. Ask another administrator.",
    "factors": "You can't reset your own second factor. Ask another administrator.",
    "link": "Change your own password under “Your account”.",
}
SUPERUSER: Final = "This account may do everything (superuser). Only another superuser may do this."
COMPANY_ROLES: Final = (
    "Company groups decide this role. Change their groups: the role follows at their next sign-in."
)
COMPANY_PASSWORD: Final = (
    "This person signs in with their company account, and has no password here."  # noqa: S105
)
NO_PASSWORDS: Final = "Passwords are turned off: everyone signs in with a company account."
INACTIVE: Final = "This account is deactivated. Reactivate it first."


class NotPossible(Exception):
    """A change that is refused, even if confirmed. `sentence` is for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class LastOne(NotPossible):
    """The last account with a permission of NEEDED would lose it. `even_if_last` allows that."""


def refuse_own(staff: Staff | None, person: Person, what: str) -> None:
    """Raise NotPossible if people would do `what` (a key of OWN) to themselves."""
    if staff is not None and staff.pk == person.pk:
        raise NotPossible(OWN[what])


def refuse_superuser(staff: Staff | None, person: Person) -> None:
    """Raise NotPossible if an account that is not a superuser would take over a superuser's account."""
    may_all = staff is None or getattr(staff, "is_superuser", False)
    if person.account.is_superuser and not may_all:
        raise NotPossible(SUPERUSER)


def refuse_last(person: Person, *, left: Collection[str] = (), even_if_last: bool = False) -> None:
    """Raise LastOne if no one else has a permission that they lose; `left` are the permissions that they keep."""
    lost = [sentence for name, sentence in warnings(person).items() if name not in left]
    if lost and not even_if_last:
        raise LastOne(" ".join(lost))


def warnings(person: Person) -> dict[str, str]:
    """Return what happens if this person loses a permission of NEEDED that no one else has."""
    return {
        name: sentence
        for name, sentence in NEEDED.items()
        if name in person.permissions
        and person.can_sign_in
        and not holding(name).exclude(pk=person.pk).exists()
    }


def left_with(person: Person, role: str) -> set[str]:
    """Return what a person may do once `role` (one of ROLES) has replaced their roles."""
    if person.account.is_superuser:
        return set(PERMISSIONS)
    return {*person.extra, *ROLES[role]}
