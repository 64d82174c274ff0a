"""All routes, grouped by noun.

The permission of each is at its view. `tests/test_urls_and_roles.py` lists them all and requests every route as
every role. Comments name the routes that need no permission.
"""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import IntConverter
from django.views.generic import RedirectView

from contacts_ui.services.consent.phone_numbers import id_of, number_of_id
from contacts_ui.views.account_link import account_link
from contacts_ui.views.attention import (
    attention_close,
    attention_list,
    attention_match,
    attention_resolve,
    attention_retry,
    attention_text_close,
)
from contacts_ui.views.audit import audit, security_events
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
from contacts_ui.views.contact_list import contact_list
from contacts_ui.views.disagreements import (
    disagreement_list,
    disagreement_repair,
    disagreements_repair,
)
from contacts_ui.views.evidence import evidence, evidence_by_number
from contacts_ui.views.forget_person import person_forget
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
    my_lift_requests,
)
from contacts_ui.views.list_panels import contact_columns, contact_filters, keyboard, search_help
from contacts_ui.views.numbers import number_detail, number_history
from contacts_ui.views.operations import (
    healthz,
    metrics,
    probe_again,
    readyz,
    reset_practice,
    status_page,
)
from contacts_ui.views.opt_in import ask_lift, opt_in, wrong_person
from contacts_ui.views.opt_outs import opt_out_list, opt_outs_export, opt_outs_reviewed
from contacts_ui.views.overview import agent_home, home, overview
from contacts_ui.views.people import (
    people_list,
    person_change_role,
    person_deactivate,
    person_detail,
    person_invite,
    person_make_reset_link,
    person_reactivate,
    person_reset_factors,
)
from contacts_ui.views.possible_opt_outs import (
    possible_opt_out_dismiss,
    possible_opt_out_list,
    possible_opt_out_reopen,
    possible_opt_out_stop,
)
from contacts_ui.views.saved_views import (
    saved_view_counts,
    saved_view_delete,
    saved_view_edit,
    saved_view_list,
    saved_view_new,
)
from contacts_ui.views.stop_number import known_of_number, stop_number
from contacts_ui.views.texts_after_stop import texts_after_stop
from contacts_ui.views.webhooks import cloudcontactai_webhook, slicktext_webhook


class ContactIdConverter(IntConverter):
    """An id of at most 18 digits, which every database holds."""

    regex = "[0-9]{1,18}"


class NumberConverter:
    """A phone number (E.164) in an address: as an id that does not reveal it."""

    regex = "[A-Za-z0-9_-]{22,500}"

    def to_python(self, value: str) -> str:
        """Return the number; raise ValueError for an unknown id."""
        number = number_of_id(value)
        if number is None:
            raise ValueError(value)
        return number

    def to_url(self, value: str) -> str:
        """Return the id of a number."""
        return id_of(value)


register_converter(ContactIdConverter, "id")
register_converter(NumberConverter, "number")


def _moved(address: str, name: str) -> URLPattern:
    """Redirect an old address to the route called `name`, with its query."""
    view = RedirectView.as_view(pattern_name=name, query_string=True)
    return path(address, view, name=f"moved-{name}")


urlpatterns = [
    path("", home, name="home"),  # anyone signed in
    path("overview/", overview, name="overview"),
    path("home/", agent_home, name="agent-home"),
    path("keyboard/", keyboard, name="keyboard"),  # anyone signed in
    # Contacts
    path("contacts/", contact_list, name="contact-list"),
    path("contacts/filters/", contact_filters, name="contact-filters"),
    path("contacts/search-help/", search_help, name="search-help"),
    path("contacts/columns/", contact_columns, name="contact-columns"),
    path("contacts/views/", saved_view_list, name="saved-view-list"),
    path("contacts/views/new/", saved_view_new, name="saved-view-new"),
    path("contacts/views/counts/", saved_view_counts, name="saved-view-counts"),
    path("contacts/views/<id:pk>/", saved_view_edit, name="saved-view-edit"),
    path("contacts/views/<id:pk>/delete/", saved_view_delete, name="saved-view-delete"),
    path("contacts/new/", contact_new, name="contact-new"),
    path("contacts/export/", contact_export, name="contact-export"),
    path("contacts/export/list/<id:pk>/", list_export, name="list-export"),
    path("contacts/import/", contact_import, name="contact-import"),
    path("contacts/import/<id:pk>/columns/", import_columns, name="import-columns"),
    path("contacts/import/<id:pk>/check/", import_check, name="import-check"),
    path("contacts/import/<id:pk>/problems/", import_problems, name="import-problems"),
    path("contacts/<id:contact_id>/", contact_detail, name="contact-detail"),
    path("contacts/<id:contact_id>/history/", contact_history, name="contact-history"),
    path("contacts/<id:contact_id>/edit/", contact_edit, name="contact-edit"),
    path("contacts/<id:contact_id>/delete/", contact_delete, name="contact-delete"),
    # Consent
    path("contacts/<id:contact_id>/do-not-text/", do_not_text, name="do-not-text"),
    path("contacts/<id:contact_id>/opt-in/", opt_in, name="opt-in"),
    path("contacts/<id:contact_id>/unsend/", unsend_stop, name="unsend-stop"),
    path("contacts/<id:contact_id>/tell-now/", tell_now, name="tell-now"),
    path("contacts/<id:contact_id>/ask-lift/", ask_lift, name="ask-lift"),
    path("contacts/<id:contact_id>/wrong-person/", wrong_person, name="wrong-person"),
    path("stop-a-number/", stop_number, name="stop-number"),
    path("stop-a-number/known/", known_of_number, name="stop-number-known"),
    # Numbers, with or without a contact
    path("numbers/<number:number>/", number_detail, name="number-detail"),
    path("numbers/<number:number>/history/", number_history, name="number-history"),
    path("numbers/<number:number>/do-not-text/", do_not_text, name="number-do-not-text"),
    path("numbers/<number:number>/opt-in/", opt_in, name="number-opt-in"),
    path("numbers/<number:number>/unsend/", unsend_stop, name="number-unsend"),
    path("numbers/<number:number>/tell-now/", tell_now, name="number-tell-now"),
    path("numbers/<number:number>/ask-lift/", ask_lift, name="number-ask-lift"),
    path("numbers/<number:number>/wrong-person/", wrong_person, name="number-wrong-person"),
    # Bulk work
    path("jobs/", job_list, name="job-list"),
    path("jobs/new/", job_new, name="job-new"),
    path("jobs/<id:pk>/", job_detail, name="job-detail"),
    path("jobs/<id:pk>/start/", job_start, name="job-start"),
    path("jobs/<id:pk>/pause/", job_pause, name="job-pause"),
    path("jobs/<id:pk>/resume/", job_resume, name="job-resume"),
    path("jobs/<id:pk>/cancel/", job_cancel, name="job-cancel"),
    path("jobs/<id:pk>/results/", job_results, name="job-results"),
    # Lift requests
    path("lift-requests/", lift_request_list, name="lift-request-list"),
    path("lift-requests/mine/", my_lift_requests, name="my-lift-requests"),
    path("lift-requests/<id:pk>/decision/", lift_request_decision, name="lift-request-decision"),
    path("lift-requests/<id:pk>/withdraw/", lift_request_withdraw, name="lift-request-withdraw"),
    # Messages that may be opt-outs
    path("possible-opt-outs/", possible_opt_out_list, name="possible-opt-out-list"),
    path("possible-opt-outs/<id:pk>/stop/", possible_opt_out_stop, name="possible-opt-out-stop"),
    path(
        "possible-opt-outs/<id:pk>/dismiss/",
        possible_opt_out_dismiss,
        name="possible-opt-out-dismiss",
    ),
    path(
        "possible-opt-outs/<id:pk>/reopen/", possible_opt_out_reopen, name="possible-opt-out-reopen"
    ),
    # Disagreements
    path("disagreements/", disagreement_list, name="disagreement-list"),
    path("disagreements/repair/", disagreements_repair, name="disagreements-repair"),
    path("disagreements/<id:pk>/repair/", disagreement_repair, name="disagreement-repair"),
    # Webhooks from the vendors
    path(
        "webhooks/cloudcontactai/", cloudcontactai_webhook, name="webhook-cloudcontactai"
    ),  # signed with CCAI_WEBHOOK_SECRET
    path(
        "webhooks/slicktext/<str:secret>/", slicktext_webhook, name="webhook-slicktext"
    ),  # with SLICKTEXT_WEBHOOK_SECRET
    # Opt-outs
    path("opt-outs/", opt_out_list, name="opt-out-list"),
    path("opt-outs/reviewed/", opt_outs_reviewed, name="opt-outs-reviewed"),
    path("opt-outs/export/", opt_outs_export, name="opt-outs-export"),
    # Needs attention
    path("attention/", attention_list, name="attention"),
    path("attention/<id:pk>/retry/", attention_retry, name="attention-retry"),
    path("attention/<id:pk>/resolve/", attention_resolve, name="attention-resolve"),
    path("attention/events/<id:pk>/match/", attention_match, name="attention-match"),
    path("attention/events/<id:pk>/close/", attention_close, name="attention-close"),
    path("attention/texts/<id:pk>/close/", attention_text_close, name="attention-text-close"),
    # Audit log and evidence
    path("texts-after-stop/", texts_after_stop, name="texts-after-stop"),
    path("audit/", audit, name="audit"),
    path("audit/security/", security_events, name="security-events"),
    path("audit/<number:number>/", evidence, name="evidence"),
    path("audit/<str:typed>/", evidence_by_number, name="evidence-by-number"),
    # People
    path("people/", people_list, name="people-list"),
    path("people/invite/", person_invite, name="person-invite"),
    path("people/forget/", person_forget, name="person-forget"),
    path("people/<id:pk>/", person_detail, name="person-detail"),
    path("people/<id:pk>/role/", person_change_role, name="person-change-role"),
    path("people/<id:pk>/deactivate/", person_deactivate, name="person-deactivate"),
    path("people/<id:pk>/reactivate/", person_reactivate, name="person-reactivate"),
    path("people/<id:pk>/link/", person_make_reset_link, name="person-make-reset-link"),
    path("people/<id:pk>/reset-factors/", person_reset_factors, name="person-reset-factors"),
    path("accounts/link/<str:secret>/", account_link, name="account-link"),  # anyone with the link
    # Addresses of before 1.0: bookmarks keep working. The page that they lead to asks for its permission.
    _moved("asked/", "possible-opt-out-list"),
    _moved("texted/", "texts-after-stop"),
    _moved("contacts/<id:contact_id>/consent/", "opt-in"),
    _moved("numbers/<number:number>/consent/", "number-opt-in"),
    # Operations
    path("status/", status_page, name="status"),
    path("status/offers/", probe_again, name="probe-again"),
    path("status/reset-practice/", reset_practice, name="reset-practice"),
    path("healthz", healthz, name="healthz"),  # anyone
    path("readyz", readyz, name="readyz"),  # anyone
    path("metrics", metrics, name="metrics"),  # with METRICS_TOKEN
]
