"""The journal as pages: what happened in the account, and what a person did."""

from django.http import HttpResponse
from django.shortcuts import render

from valija.accounts.permissions import Permission
from valija.web.access import Request, allowed


@allowed(Permission.JOURNAL_ACCOUNT)
def account_journal(request: Request) -> HttpResponse:
    return render(request, "journal/account.html")
