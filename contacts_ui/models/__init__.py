from contacts_ui.models.access import Access
from contacts_ui.models.budget import CallBudget
from contacts_ui.models.consent import ConsentSetup, ConsentState, HeldPress, Statement
from contacts_ui.models.contact_index import (
    IndexAnchor,
    IndexCount,
    IndexedContact,
    IndexGone,
    IndexSlip,
    IndexWalk,
)
from contacts_ui.models.disagreement import Disagreement, Sweep
from contacts_ui.models.job import Job, JobRow
from contacts_ui.models.ledger import LedgerEntry, LedgerHead, PrunedEntry
from contacts_ui.models.lift_request import LiftRequest
from contacts_ui.models.operations import VendorHealth, WebhookEvent, WorkerBeat
from contacts_ui.models.opt_out import OptOut
from contacts_ui.models.preference import Preference
from contacts_ui.models.saved_view import SavedView
from contacts_ui.models.upload import Upload
from contacts_ui.models.wish import Vendor, Wish

__all__ = [
    "Access",
    "CallBudget",
    "ConsentSetup",
    "ConsentState",
    "Disagreement",
    "HeldPress",
    "IndexAnchor",
    "IndexCount",
    "IndexGone",
    "IndexSlip",
    "IndexWalk",
    "IndexedContact",
    "Job",
    "JobRow",
    "LedgerEntry",
    "LedgerHead",
    "LiftRequest",
    "OptOut",
    "Preference",
    "PrunedEntry",
    "SavedView",
    "Statement",
    "Sweep",
    "Upload",
    "Vendor",
    "VendorHealth",
    "WebhookEvent",
    "Wish",
    "WorkerBeat",
]
