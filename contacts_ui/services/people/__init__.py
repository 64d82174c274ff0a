"""People: who has an account, what they may do, and one-time links to choose a password.

`reading` reads accounts, `changing` invites, changes and closes accounts, `links` makes one-time links and uses
them, `rules` says what is refused, `sessions` ends sessions. Every change is in the ledger, and a security event.
"""

from contacts_ui.services.people.changing import (
    change_role,
    deactivate,
    follow_company,
    invite,
    reactivate,
    reset_factors,
)
from contacts_ui.services.people.links import Link, LinkGone, link_of, make_reset_link, use_link
from contacts_ui.services.people.reading import (
    Factor,
    Person,
    SignIn,
    administrators,
    last_sign_ins,
    people,
    person,
)
from contacts_ui.services.people.rules import LastOne, NotPossible, warnings
from contacts_ui.services.people.sessions import open_sessions

__all__ = [
    "Factor",
    "LastOne",
    "Link",
    "LinkGone",
    "NotPossible",
    "Person",
    "SignIn",
    "administrators",
    "change_role",
    "deactivate",
    "follow_company",
    "invite",
    "last_sign_ins",
    "link_of",
    "make_reset_link",
    "open_sessions",
    "people",
    "person",
    "reactivate",
    "reset_factors",
    "use_link",
    "warnings",
]
