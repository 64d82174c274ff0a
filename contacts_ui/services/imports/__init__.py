"""Importing contacts from a file: upload, match the columns, look at everything that would happen, confirm.

`files` reads what was uploaded, `columns` guesses which column is which field, `checking` says what would happen to
every line, `making` makes a job of it, and `working` does one line at the vendors.
"""

from contacts_ui.models.job import JobKind
from contacts_ui.services import jobs
from contacts_ui.services.imports.checking import Check, Choice, Fate, Remark
from contacts_ui.services.imports.making import Changed, check_upload, confirm, fingerprint
from contacts_ui.services.imports.tables import MOST_BYTES, Unreadable
from contacts_ui.services.imports.uploads import KEPT, choose, get, keep, purge, table_of
from contacts_ui.services.imports.working import import_line

jobs.DOERS[JobKind.IMPORT] = import_line

__all__ = [
    "KEPT",
    "MOST_BYTES",
    "Changed",
    "Check",
    "Choice",
    "Fate",
    "Remark",
    "Unreadable",
    "check_upload",
    "choose",
    "confirm",
    "fingerprint",
    "get",
    "keep",
    "purge",
    "table_of",
]
