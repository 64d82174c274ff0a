from contacts_ui.models.access import Access
from contacts_ui.models.budget import CallBudget
from contacts_ui.models.ledger import LedgerEntry, LedgerHead
from contacts_ui.models.preference import Preference
from contacts_ui.models.wish import Vendor, Wish

__all__ = ["Access", "CallBudget", "LedgerEntry", "LedgerHead", "Preference", "Vendor", "Wish"]
