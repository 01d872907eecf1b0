"""The last that happened to a thing, on the page of the thing, for whoever may see the account's journal."""

from typing import Any

from django import template
from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.journal.models import Entry
from valija.web.journal_entry import shown

register = template.Library()
LINES = 5


@register.inclusion_tag("journal/history.html", takes_context=True)
def history(context: template.Context, thing: models.Model) -> dict[str, Any]:
    """The newest lines about a license, an order, a domain or a person, and the way to all of them."""
    request = context["request"]
    if not request.actor.may(Permission.JOURNAL_ACCOUNT):
        return {}
    entries = Entry.objects.of_account(request.user.account_id)
    if isinstance(thing, User):
        entries, whole = entries.concerning(thing.pk), reverse("user_journal", args=[thing.pk])
    else:
        entries, whole = entries.about(thing.pk), f"{reverse('account_journal')}?object={thing.pk}"
    rows = [shown(request, entry, everything=True) for entry in entries.order_by("-id")[:LINES]]
    return {"rows": rows, "whole": whole, "key": thing.pk, "user": request.user}


@register.simple_tag(takes_context=True)
def history_link(context: template.Context, thing: models.Model, name: str = "") -> SafeString:
    """Where a thing has no page of its own: the way to its history, for whoever may see it."""
    if not context["request"].actor.may(Permission.JOURNAL_ACCOUNT):
        return SafeString("")
    address = f"{reverse('account_journal')}?object={thing.pk}"
    return format_html(
        '<a href="{}">{}<span class="visually-hidden"> {}</span></a>', address, gettext("History"), name
    )
