"""What stands in front of a view: the permission, said once, beside the view."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from contacts_ui.permissions import require

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of somebody who has logged in; LoginRequiredMiddleware sees to that."""

    user: User
    htmx: HtmxDetails


def permission(codename: str) -> Callable[..., Any]:
    """Let the view run only for staff who hold `codename`; else raise NotAllowed, a 403 with its reason."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.user, codename)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
