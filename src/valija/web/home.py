"""The first page: what this person comes for most."""

from django.http import HttpResponse
from django.shortcuts import redirect

from valija.accounts.permissions import Permission
from valija.web.access import Request, signed_in

# The first of these that the role includes.
FIRST = (
    (Permission.LICENSE_SEE, "licenses"),
    (Permission.DOMAIN_APPROVE, "provider_console"),
    (Permission.ACCOUNT_PAGE, "account_page"),
)


@signed_in
def home(request: Request) -> HttpResponse:
    return redirect(next(route for permission, route in FIRST if request.actor.may(permission)))
