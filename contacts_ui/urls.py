"""The whole URL map on one page, grouped by noun, with the permission beside each route.

A test walks every route here as every role.
"""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from contacts_ui.services.consent.number_ids import id_of, number_of
from contacts_ui.views.asked import asked_dismiss, asked_list, asked_reopen, asked_stop
from contacts_ui.views.attention import (
    attention_close,
    attention_list,
    attention_match,
    attention_retry,
    attention_settle,
    attention_text_close,
)
from contacts_ui.views.audit import audit
from contacts_ui.views.consent import do_not_text, tell_now, unsend_stop
from contacts_ui.views.contact import contact_delete, contact_detail, contact_history
from contacts_ui.views.contact_edit import contact_edit, contact_new
from contacts_ui.views.contact_export import contact_export, list_export
from contacts_ui.views.contact_import import (
    contact_import,
    import_check,
    import_columns,
    import_problems,
)
from contacts_ui.views.contact_list import contact_columns, contact_list
from contacts_ui.views.disagreements import (
    disagreement_list,
    disagreement_repair,
    disagreements_repair,
)
from contacts_ui.views.evidence import evidence, evidence_by_number
from contacts_ui.views.jobs import (
    job_cancel,
    job_detail,
    job_list,
    job_new,
    job_pause,
    job_results,
    job_resume,
    job_start,
)
from contacts_ui.views.lift_requests import (
    lift_request_decision,
    lift_request_list,
    lift_request_withdraw,
    own_lift_requests,
)
from contacts_ui.views.numbers import number_detail, number_history
from contacts_ui.views.operations import healthz, metrics, probe_again, readyz, status_page
from contacts_ui.views.opt_outs import opt_out_list, opt_outs_export, opt_outs_reviewed
from contacts_ui.views.overview import home, overview
from contacts_ui.views.raise_consent import ask_lift, consent, wrong_person
from contacts_ui.views.saved_views import (
    saved_view_counts,
    saved_view_delete,
    saved_view_edit,
    saved_view_list,
    saved_view_new,
)
from contacts_ui.views.stop_number import known_of_number, stop_number
from contacts_ui.views.texted import texted
from contacts_ui.views.webhooks import cloudcontactai_webhook, slicktext_webhook


class ContactIdConverter(IntConverter):
    """An id that every database and cache of ours can hold; whatever is longer is nobody's."""

    regex = "[0-9]{1,18}"


class NumberConverter:
    """A number (E.164) in an address: as its id, which says nothing."""

    regex = "[A-Za-z0-9_-]{22,500}"

    def to_python(self, value: str) -> str:
        """Return the number; raise ValueError for an id that we did not make."""
        number = number_of(value)
        if number is None:
            raise ValueError(value)
        return number

    def to_url(self, value: str) -> str:
        """Return the id of a number."""
        return id_of(value)


register_converter(ContactIdConverter, "id")
register_converter(NumberConverter, "number")

urlpatterns = [
    path("", home, name="home"),  # anyone who has logged in
    path("overview/", overview, name="overview"),  # review_opt_outs
    # Contacts
    path("contacts/", contact_list, name="contact-list"),  # view_contacts
    path("contacts/columns/", contact_columns, name="contact-columns"),  # view_contacts
    path("contacts/views/", saved_view_list, name="saved-view-list"),  # view_contacts
    path("contacts/views/new/", saved_view_new, name="saved-view-new"),  # view_contacts
    path("contacts/views/counts/", saved_view_counts, name="saved-view-counts"),  # view_contacts
    path(
        "contacts/views/<id:pk>/", saved_view_edit, name="saved-view-edit"
    ),  # view_contacts, its owner
    path(
        "contacts/views/<id:pk>/delete/", saved_view_delete, name="saved-view-delete"
    ),  # view_contacts, its owner; of a shared one: bulk_work
    path("contacts/new/", contact_new, name="contact-new"),  # edit_contacts
    path("contacts/export/", contact_export, name="contact-export"),  # export_contacts
    path("contacts/export/list/<id:pk>/", list_export, name="list-export"),  # export_contacts
    path("contacts/import/", contact_import, name="contact-import"),  # import_contacts
    path(
        "contacts/import/<id:pk>/columns/", import_columns, name="import-columns"
    ),  # import_contacts
    path("contacts/import/<id:pk>/check/", import_check, name="import-check"),  # import_contacts
    path(
        "contacts/import/<id:pk>/problems/", import_problems, name="import-problems"
    ),  # import_contacts
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
    path("contacts/<id:contact_id>/unsend/", unsend_stop, name="unsend-stop"),  # stop_texts
    path("contacts/<id:contact_id>/tell-now/", tell_now, name="tell-now"),  # stop_texts
    path("contacts/<id:contact_id>/ask-lift/", ask_lift, name="ask-lift"),  # ask_lift
    path("contacts/<id:contact_id>/wrong-person/", wrong_person, name="wrong-person"),  # ask_lift
    path("stop-a-number/", stop_number, name="stop-number"),  # stop_texts
    path("stop-a-number/known/", known_of_number, name="stop-number-known"),  # stop_texts
    # Numbers, contact or not
    path("numbers/<number:number>/", number_detail, name="number-detail"),  # view_contacts
    path(
        "numbers/<number:number>/history/", number_history, name="number-history"
    ),  # view_contacts
    path(
        "numbers/<number:number>/do-not-text/", do_not_text, name="number-do-not-text"
    ),  # view_contacts; POST: stop_texts
    path("numbers/<number:number>/consent/", consent, name="number-consent"),  # lift_stops
    path("numbers/<number:number>/unsend/", unsend_stop, name="number-unsend"),  # stop_texts
    path("numbers/<number:number>/tell-now/", tell_now, name="number-tell-now"),  # stop_texts
    path("numbers/<number:number>/ask-lift/", ask_lift, name="number-ask-lift"),  # ask_lift
    path(
        "numbers/<number:number>/wrong-person/", wrong_person, name="number-wrong-person"
    ),  # ask_lift
    # Many at once
    path("jobs/", job_list, name="job-list"),  # bulk_work
    path("jobs/new/", job_new, name="job-new"),  # bulk_work
    path("jobs/<id:pk>/", job_detail, name="job-detail"),  # bulk_work
    path("jobs/<id:pk>/start/", job_start, name="job-start"),  # bulk_work
    path("jobs/<id:pk>/pause/", job_pause, name="job-pause"),  # bulk_work
    path("jobs/<id:pk>/resume/", job_resume, name="job-resume"),  # bulk_work
    path("jobs/<id:pk>/cancel/", job_cancel, name="job-cancel"),  # bulk_work
    path("jobs/<id:pk>/results/", job_results, name="job-results"),  # bulk_work
    # Lift requests
    path("lift-requests/", lift_request_list, name="lift-request-list"),  # lift_stops
    path("lift-requests/mine/", own_lift_requests, name="own-lift-requests"),  # ask_lift
    path(
        "lift-requests/<id:pk>/decision/", lift_request_decision, name="lift-request-decision"
    ),  # lift_stops
    path(
        "lift-requests/<id:pk>/withdraw/", lift_request_withdraw, name="lift-request-withdraw"
    ),  # ask_lift
    # In their own words
    path("asked/", asked_list, name="asked"),  # stop_texts
    path("asked/<id:pk>/stop/", asked_stop, name="asked-stop"),  # stop_texts
    path("asked/<id:pk>/dismiss/", asked_dismiss, name="asked-dismiss"),  # lift_stops
    path("asked/<id:pk>/reopen/", asked_reopen, name="asked-reopen"),  # lift_stops
    # Disagreements
    path("disagreements/", disagreement_list, name="disagreement-list"),  # review_opt_outs
    path(
        "disagreements/repair/", disagreements_repair, name="disagreements-repair"
    ),  # review_opt_outs and stop_texts
    path(
        "disagreements/<id:pk>/repair/", disagreement_repair, name="disagreement-repair"
    ),  # review_opt_outs and stop_texts
    # What the vendors tell us
    path(
        "webhooks/cloudcontactai/", cloudcontactai_webhook, name="webhook-cloudcontactai"
    ),  # whoever signs with CCAI_WEBHOOK_SECRET
    path(
        "webhooks/slicktext/<str:secret>/", slicktext_webhook, name="webhook-slicktext"
    ),  # whoever knows SLICKTEXT_WEBHOOK_SECRET
    # Opt-outs
    path("opt-outs/", opt_out_list, name="opt-out-list"),  # review_opt_outs
    path("opt-outs/reviewed/", opt_outs_reviewed, name="opt-outs-reviewed"),  # review_opt_outs
    path("opt-outs/export/", opt_outs_export, name="opt-outs-export"),  # review_opt_outs
    # Needs attention
    path("attention/", attention_list, name="attention"),  # review_opt_outs
    path(
        "attention/<id:pk>/retry/", attention_retry, name="attention-retry"
    ),  # review_opt_outs; of an opt-in: lift_stops
    path(
        "attention/<id:pk>/settle/", attention_settle, name="attention-settle"
    ),  # review_opt_outs; of an opt-in: lift_stops
    path(
        "attention/events/<id:pk>/match/", attention_match, name="attention-match"
    ),  # review_opt_outs and stop_texts
    path(
        "attention/events/<id:pk>/close/", attention_close, name="attention-close"
    ),  # review_opt_outs
    path(
        "attention/texts/<id:pk>/close/", attention_text_close, name="attention-text-close"
    ),  # review_opt_outs
    # Proof
    path("texted/", texted, name="texted-after-stop"),  # view_audit
    path("audit/", audit, name="audit"),  # view_audit
    path("audit/<number:number>/", evidence, name="evidence"),  # view_audit
    path("audit/<str:typed>/", evidence_by_number, name="evidence-by-number"),  # view_audit
    # Operations
    path("status/", status_page, name="status"),  # view_status
    path("status/offers/", probe_again, name="probe-again"),  # view_status
    path("healthz", healthz, name="healthz"),  # anyone
    path("readyz", readyz, name="readyz"),  # anyone
    path("metrics", metrics, name="metrics"),  # whoever sends METRICS_TOKEN
]
