"""The administrators' pages: who has an account, and changes to it."""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts_ui.forms.people import InviteForm, RoleForm, SureForm
from contacts_ui.permissions import PERMISSIONS
from contacts_ui.services import people
from contacts_ui.services.people import Factor, Person
from contacts_ui.sign_in.confirmation import confirmed_before_press, confirmed_recently
from contacts_ui.views.guards import StaffRequest, permission

FACTOR_WORDS: Final = {
    Factor.PASSKEY: "Passkey",
    Factor.APP: "Authenticator app",
    Factor.COMPANY: "Company sign-in",
}


@require_safe
@permission("manage_people")
@confirmed_recently
def people_list(request: StaffRequest) -> HttpResponse:
    """List everyone who has an account."""
    found = people.people()
    context = {
        "rows": [_in_words(each, request.user) for each in found],
        "active": sum(each.can_sign_in for each in found),
    }
    return TemplateResponse(request, "people/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("manage_people")
@confirmed_recently
def person_invite(request: StaffRequest) -> HttpResponse:
    """Make an account with a role, and show its link once."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            account, link = people.invite(staff=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if link is not None:
                return _link_page(request, link)
            messages.success(
                request,
                f"{people.person(account.pk).name} can now sign in with their company account.",
            )
            return redirect("person-detail", account.pk)
    status = 422 if form.is_bound else 200
    context = {"form": form, "company": settings.OPENID, "password_login": settings.PASSWORD_LOGIN}
    return TemplateResponse(request, "people/invite.html", context, status=status)


@require_safe
@permission("manage_people")
@confirmed_recently
def person_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one person: what they may do, how they sign in, and what can be changed."""
    return _person_page(request, _person(pk))


@require_POST
@permission("manage_people")
@confirmed_recently
def person_change_role(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a person's role."""
    who = _person(pk)
    form = RoleForm(request.POST, person=who)
    if not form.is_valid():
        return _person_page(request, who, role_form=form)
    try:
        who = people.change_role(
            staff=request.user,
            pk=pk,
            role=form.cleaned_data["role"],
            even_if_last=bool(form.cleaned_data.get("sure")),
        )
    except people.NotPossible as refused:
        return _person_page(request, who, role_form=form, refused=refused)
    role = _roles(who)
    article = "an" if role[:1] in "AEIO" else "a"
    return _done(request, who, f"{who.name} is now {article} {role[:1].lower()}{role[1:]}.")


@require_POST
@permission("manage_people")
@confirmed_before_press
def person_deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Deactivate an account."""
    who = _person(pk)
    form = SureForm(request.POST, person=who)
    try:
        who = people.deactivate(
            staff=request.user,
            pk=pk,
            even_if_last=form.is_valid() and bool(form.cleaned_data.get("sure")),
        )
    except people.NotPossible as refused:
        return _person_page(request, who, close_form=form, refused=refused)
    return _done(request, who, f"{who.name} can't sign in anymore. Their sessions have ended.")


@require_POST
@permission("manage_people")
@confirmed_before_press
def person_reactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Reactivate an account."""
    return _press(request, pk, people.reactivate, "can sign in again.")


@require_POST
@permission("manage_people")
@confirmed_before_press
def person_make_reset_link(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a link to choose a password, and show it once."""
    who = _person(pk)
    try:
        link = people.make_reset_link(staff=request.user, pk=pk)
    except people.NotPossible as refused:
        return _person_page(request, who, refused=refused)
    return _link_page(request, link)


@require_POST
@permission("manage_people")
@confirmed_before_press
def person_reset_factors(request: StaffRequest, pk: int) -> HttpResponse:
    """Remove a person's second factors."""
    words = "has no second factor anymore. Their sessions have ended."
    return _press(request, pk, people.reset_factors, words)


def _press(
    request: StaffRequest, pk: int, change: Callable[..., Person], words: str
) -> HttpResponse:
    """Run a change that needs no form, with a message about the person; or show why it is not possible."""
    who = _person(pk)
    try:
        who = change(staff=request.user, pk=pk)
    except people.NotPossible as refused:
        return _person_page(request, who, refused=refused)
    return _done(request, who, f"{who.name} {words}")


def _person(pk: int) -> Person:
    try:
        return people.person(pk)
    except User.DoesNotExist as error:
        raise Http404 from error


def _done(request: StaffRequest, who: Person, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("person-detail", who.pk)


def _link_page(request: StaffRequest, link: people.Link) -> HttpResponse:
    """Show a link, only in the answer to the press that made it."""
    address = request.build_absolute_uri(reverse("account-link", args=[link.token]))
    context = {"link": link, "person": people.person(link.account.pk), "address": address}
    return TemplateResponse(request, "people/link.html", context)


def _person_page(
    request: StaffRequest,
    who: Person,
    *,
    role_form: RoleForm | None = None,
    close_form: SureForm | None = None,
    refused: people.NotPossible | None = None,
) -> HttpResponse:
    """Show one person; 422 with what was refused or is missing."""
    failed = refused or role_form
    # The form starts with the person's role, if they have just one.
    role = who.roles[0] if len(who.roles) == 1 else ""
    if isinstance(refused, people.LastOne):
        form = role_form or close_form
        if form is not None and "sure" in form.fields:
            form.add_error("sure", "Check this box to do it anyway.")
    context = {
        **_in_words(who, request.user),
        "may": [PERMISSIONS[name] for name in who.permissions],
        "extra": [PERMISSIONS[name] for name in who.extra],
        "role_form": role_form or RoleForm(person=who, initial={"role": role}),
        "close_form": close_form or SureForm(person=who),
        "refused": refused,
        "sessions": people.open_sessions(who.account),
        "sign_ins": people.last_sign_ins(who.account),
        "protected": who.account.is_superuser and not request.user.is_superuser,
        "password_login": settings.PASSWORD_LOGIN,
        "company": settings.OPENID,
    }
    return TemplateResponse(request, "people/detail.html", context, status=422 if failed else 200)


def _in_words(who: Person, reader: User) -> dict[str, Any]:
    return {
        "person": who,
        "role_words": _roles(who),
        "factor_words": ", ".join(FACTOR_WORDS[each] for each in who.factors),
        "is_self": who.pk == reader.pk,
    }


def _roles(who: Person) -> str:
    """Return the roles in the singular, with *Superuser* first, since that overrides them."""
    roles = [role.removesuffix("s") for role in who.roles]
    return ", ".join([*(["Superuser"] if who.account.is_superuser else []), *roles]) or "No role"
