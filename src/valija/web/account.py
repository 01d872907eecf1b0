"""My account: who I am, my license and its devices, my sessions."""

from django.http import HttpResponse
from django.shortcuts import render

from valija.accounts.permissions import Permission
from valija.web.access import Request, allowed


@allowed(Permission.ACCOUNT_PAGE)
def account_page(request: Request) -> HttpResponse:
    return render(request, "account/page.html")
