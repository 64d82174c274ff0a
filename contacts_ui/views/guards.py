"""Check the permission before a view runs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from contacts_ui.permissions import require


class StaffRequest(HttpRequest):
    """A request by a signed-in person; LoginRequiredMiddleware ensures that."""

    user: User
    htmx: HtmxDetails
    # The permission that was missing, for the security events.
    refused_for: str


def permission(codename: str) -> Callable[..., Any]:
    """Run the view only for staff with the permission `codename`; else raise NotAllowed, a 403 with its reason."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, codename)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
