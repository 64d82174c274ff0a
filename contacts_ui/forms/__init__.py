"""What a person may type. No network."""

from contacts_ui.forms.consent import ConsentForm, DeleteForm, StopForm
from contacts_ui.forms.contact import ContactForm, NewContactForm
from contacts_ui.forms.finder import FilterForm, SearchForm, index_question, with_custom_field
from contacts_ui.forms.lifting import (
    DecisionForm,
    FollowForm,
    LiftRequestFilterForm,
    LiftRequestForm,
    StopNumberForm,
)

__all__ = [
    "ConsentForm",
    "ContactForm",
    "DecisionForm",
    "DeleteForm",
    "FilterForm",
    "FollowForm",
    "LiftRequestFilterForm",
    "LiftRequestForm",
    "NewContactForm",
    "SearchForm",
    "StopForm",
    "StopNumberForm",
    "index_question",
    "with_custom_field",
]
