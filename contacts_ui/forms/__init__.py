"""What a person may type. No network."""

from contacts_ui.forms.consent import ConsentForm, DeleteForm, StopForm
from contacts_ui.forms.contact import ContactForm, NewContactForm
from contacts_ui.forms.finder import FilterForm, SearchForm

__all__ = [
    "ConsentForm",
    "ContactForm",
    "DeleteForm",
    "FilterForm",
    "NewContactForm",
    "SearchForm",
    "StopForm",
]
