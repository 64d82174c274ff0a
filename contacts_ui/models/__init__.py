from contacts_ui.models.abilities import NumberFact, VendorAbility
from contacts_ui.models.access import Access
from contacts_ui.models.accounts import (
    AccountLink,
    ContactReads,
    ForgottenPerson,
    SecurityEvent,
    SecurityEventKind,
)
from contacts_ui.models.budget import CallBudget
from contacts_ui.models.consent import ConsentSetup, ConsentState, HeldPress, Statement
from contacts_ui.models.contact_index import (
    IndexAnchor,
    IndexCount,
    IndexDeletion,
    IndexedContact,
    IndexSync,
    IndexTypo,
)
from contacts_ui.models.desired_state import DesiredState, Vendor
from contacts_ui.models.disagreement import Disagreement, ReconcileProgress
from contacts_ui.models.job import Job, JobRow
from contacts_ui.models.ledger import LedgerEntry, LedgerHead, PrunedEntry
from contacts_ui.models.lift_request import LiftRequest
from contacts_ui.models.messages import IncomingMessage, SentText
from contacts_ui.models.operations import AnswersOfDay, VendorHealth, WebhookEvent, WorkerHeartbeat
from contacts_ui.models.opt_out import OptOut
from contacts_ui.models.preference import Preference
from contacts_ui.models.saved_view import SavedView
from contacts_ui.models.upload import Upload
