"""Importing contacts from a file: upload, match the columns, look at everything that would happen, confirm.

`services.files` reads what was uploaded and guesses which column is which field, `checking` says what would happen to
every line (`checks`) and what its cells mean (`values`), `making` makes a job of it, `working` does one line.
"""

from contacts_ui.models.job import JobKind
from contacts_ui.services import jobs
from contacts_ui.services.files import Unreadable
from contacts_ui.services.files.keeping import KEPT, table_of
from contacts_ui.services.files.tables import MOST_BYTES
from contacts_ui.services.imports.checks import Check, Choice, Fate, Remark
from contacts_ui.services.imports.making import Changed, check_upload, confirm, fingerprint
from contacts_ui.services.imports.uploads import choose, get, keep, purge
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
