"""What a person may type. No network."""

from contacts_ui.forms.consent import (
    DeleteForm,
    LiftForm,
    StopForm,
    StopNumberForm,
    WrongPersonForm,
)
from contacts_ui.forms.contact import ContactForm, EditContactForm, NewContactForm
from contacts_ui.forms.finder import FilterForm, SearchForm, index_question, with_custom_field
from contacts_ui.forms.lift_requests import DecisionForm, LiftRequestFilterForm

__all__ = [
    "ContactForm",
    "DecisionForm",
    "DeleteForm",
    "EditContactForm",
    "FilterForm",
    "LiftForm",
    "LiftRequestFilterForm",
    "NewContactForm",
    "SearchForm",
    "StopForm",
    "StopNumberForm",
    "WrongPersonForm",
    "index_question",
    "with_custom_field",
]
