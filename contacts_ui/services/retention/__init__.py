"""How long data is kept: one table of rules, which the worker carries out.

- `rules`: each of our tables, which of its rows are removed, and after how long.
- `carrying_out`: does what the rules say, a few rows at a time.
- `cleaning`: removes secrets from what earlier versions stored.
"""

from contacts_ui.services.retention.carrying_out import run
from contacts_ui.services.retention.cleaning import clean_stored
from contacts_ui.services.retention.rules import RULES, Rule, days_of

__all__ = ["RULES", "Rule", "clean_stored", "days_of", "run"]
