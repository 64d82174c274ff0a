"""The dashboard's own addresses, sign-in, and Django's administration if it is turned on."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from allauth.socialaccount import views as social
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from contacts_ui.sign_in import openid_views, views

handler400 = "contacts_ui.odd_requests.handler400"
handler403 = "contacts_ui.odd_requests.handler403"
handler404 = "contacts_ui.odd_requests.handler404"
handler500 = "contacts_ui.views.errors.server_error"

urlpatterns = [
    path("", include("contacts_ui.urls")),
    path("accounts/login/", views.SignIn.as_view(), name="account_login"),
    path("accounts/logout/", views.SignOut.as_view(), name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/confirm/", views.confirm_with_company, name="confirm_with_company"),
    path("accounts/password/", views.ChangePassword.as_view(), name="account_change_password"),
    path("accounts/sessions/", views.sessions, name="usersessions_list"),
    path("accounts/sessions/end/", views.sessions_end, name="sessions-end"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path(
        "accounts/company/cancelled/",
        login_not_required(social.login_cancelled),
        name="socialaccount_login_cancelled",
    ),
    path(
        "accounts/company/error/",
        login_not_required(social.login_error),
        name="socialaccount_login_error",
    ),
    path(
        "accounts/oidc/<slug:provider_id>/login/", openid_views.begin, name="openid_connect_login"
    ),
    path(
        "accounts/oidc/<slug:provider_id>/login/callback/",
        openid_views.callback,
        name="openid_connect_callback",
    ),
]
if settings.DJANGO_ADMIN:
    # The same sign-in as for everyone: limits, second factor, events.
    admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
    urlpatterns.append(path("admin/", admin.site.urls))
