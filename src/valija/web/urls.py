"""The site map: every page there is."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from valija.web import sign_in


def healthy(request: HttpRequest) -> HttpResponse:
    """Whether this process answers."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthy, name="healthz"),
    # Signing in
    path("sign-in", sign_in.show_sign_in, name="show_sign_in"),
    path("sign-in/request", sign_in.request_sign_in, name="request_sign_in"),
    path("sign-in/code", sign_in.sign_in_with_code, name="sign_in_with_code"),
    path("sign-in/link", sign_in.sign_in_with_link, name="sign_in_with_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
]
