"""The whole URL map on one page, grouped by noun, with the permission beside each route.

A test walks every route here as every role.
"""

from django.urls import path, register_converter
from django.urls.converters import IntConverter
from django.views.generic import RedirectView

from contacts_ui.views.consent import consent, do_not_text, undo_stop
from contacts_ui.views.contact import (
    contact_delete,
    contact_detail,
    contact_edit,
    contact_history,
    contact_new,
)
from contacts_ui.views.contact_list import contact_columns, contact_list
from contacts_ui.views.lift_requests import (
    ask_lift,
    lift_request_decision,
    lift_request_list,
    lift_request_withdraw,
)
from contacts_ui.views.operations import healthz, metrics, readyz, status_page
from contacts_ui.views.stop_number import stop_number


class ContactIdConverter(IntConverter):
    """An id that every database and cache of ours can hold; whatever is longer is nobody's."""

    regex = "[0-9]{1,18}"


register_converter(ContactIdConverter, "id")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="contact-list"), name="home"),
    # Contacts
    path("contacts/", contact_list, name="contact-list"),  # view_contacts
    path("contacts/columns/", contact_columns, name="contact-columns"),  # view_contacts
    path("contacts/new/", contact_new, name="contact-new"),  # edit_contacts
    path("contacts/<id:contact_id>/", contact_detail, name="contact-detail"),  # view_contacts
    path(
        "contacts/<id:contact_id>/history/", contact_history, name="contact-history"
    ),  # view_contacts
    path("contacts/<id:contact_id>/edit/", contact_edit, name="contact-edit"),  # edit_contacts
    path(
        "contacts/<id:contact_id>/delete/", contact_delete, name="contact-delete"
    ),  # delete_contacts
    # Consent
    path(
        "contacts/<id:contact_id>/do-not-text/", do_not_text, name="do-not-text"
    ),  # view_contacts; POST: stop_texts
    path("contacts/<id:contact_id>/consent/", consent, name="consent"),  # lift_stops
    path("contacts/<id:contact_id>/undo-stop/", undo_stop, name="undo-stop"),  # stop_texts
    path("contacts/<id:contact_id>/ask-lift/", ask_lift, name="ask-lift"),  # ask_lift
    path("stop-a-number/", stop_number, name="stop-number"),  # stop_texts
    # Lift requests
    path("lift-requests/", lift_request_list, name="lift-request-list"),  # lift_stops
    path(
        "lift-requests/<id:pk>/decision/", lift_request_decision, name="lift-request-decision"
    ),  # lift_stops
    path(
        "lift-requests/<id:pk>/withdraw/", lift_request_withdraw, name="lift-request-withdraw"
    ),  # ask_lift
    # Operations
    path("status/", status_page, name="status"),  # view_status
    path("healthz", healthz, name="healthz"),  # anyone
    path("readyz", readyz, name="readyz"),  # anyone
    path("metrics", metrics, name="metrics"),  # whoever sends METRICS_TOKEN
]
