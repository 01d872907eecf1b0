"""The site map: every page there is."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from valija.web import account, home, journal, licensing, preferences, sign_in, users


def healthy(request: HttpRequest) -> HttpResponse:
    """Whether this process answers."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthy, name="healthz"),
    path("", home.home, name="home"),
    # Signing in
    path("sign-in", sign_in.show_sign_in, name="show_sign_in"),
    path("sign-in/request", sign_in.request_sign_in, name="request_sign_in"),
    path("sign-in/code", sign_in.sign_in_with_code, name="sign_in_with_code"),
    path("sign-in/link", sign_in.sign_in_with_link, name="sign_in_with_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    # Choices that stand on every page
    path("language", preferences.set_language, name="set_language"),
    path("theme", preferences.set_theme, name="set_theme"),
    path("notice/dismiss", preferences.dismiss_flash, name="dismiss_flash"),
    # My account
    path("account", account.account_page, name="account_page"),
    # The journal
    path("journal", journal.account_journal, name="account_journal"),
    # Users and their licenses
    path("users", users.users, name="users"),
    path("users/add", users.add_user, name="add_user"),
    path("users/<uuid:user_id>/license", licensing.user_license, name="user_license"),
    path("users/<uuid:user_id>/license/assign", licensing.assign_license, name="assign_license"),
    path("users/<uuid:user_id>/license/modify", licensing.modify_license, name="modify_license"),
    path("users/<uuid:user_id>/license/withdraw", licensing.withdraw_license, name="withdraw_license"),
    path("users/<uuid:user_id>/license/send", licensing.send_activation, name="send_activation"),
]
