"""Groups of users: the list, and one group with its members and the groups in it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from valija.accounts import operations as accounts
from valija.accounts.groups import around, everybody_in, nestings_of
from valija.accounts.models import Group, User
from valija.accounts.permissions import Permission
from valija.core.pages import page_of
from valija.licensing import operations as licensing
from valija.licensing.models import LicenseRule
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

PAGE = 50
FOUND = 25
ABOUT_THE_NAME = (accounts.GroupNameMissing, accounts.GroupNameTaken)


class GroupName(forms.Form):
    """What a group is called. Shown here, decided by the operation."""

    name = forms.CharField(label=_("Name of the group"), max_length=80)


def _name_form(request: Request, now: str = "") -> GroupName:
    """The form, with what was typed and what the operation said of it."""
    refusal = getattr(request, "refusal", None)
    if not isinstance(refusal, ABOUT_THE_NAME):
        return GroupName(initial={"name": now}, auto_id="group_%s", label_suffix="")
    form = GroupName(request.POST, auto_id="group_%s", label_suffix="")
    form.full_clean()
    form.errors.clear()
    form.add_error("name", str(refusal))
    request.refusal = None  # type: ignore[attr-defined]  # said at the field
    return form


@require_GET
@allowed(Permission.GROUP_SEE)
def groups(request: Request) -> HttpResponse:
    return groups_page(request)


def groups_page(request: Request) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    counted = request.account.groups.matching(words).annotate(
        members=Count("memberships", distinct=True), inner=Count("nestings", distinct=True)
    )
    page = page_of(counted, by=("sort_name", "id"), size=PAGE, **cursors)
    rules: dict[UUID, list[LicenseRule]] = {}
    for rule in LicenseRule.objects.on().filter(group__in=page.rows).select_related("plan"):
        rules.setdefault(found(rule.group_id), []).append(rule)
    context = {
        "rows": [{"group": group, "rules": rules.get(group.pk, [])} for group in page.rows],
        "page": page,
        "first": page.first.name if page.first else "",
        "last": page.last.name if page.last else "",
        "q": words,
        "may_change": request.actor.may(Permission.GROUP_CHANGE),
        "form": _name_form(request),
    }
    return render(request, "groups/list.html", context)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(groups_page)
def add_group(request: Request) -> HttpResponse:
    group = accounts.add_group(request.account, request.POST.get("name", ""), by=request.actor)
    said = gettext("The group %(group)s is there. Now add its members.")
    messages.success(request, said % {"group": group.name})
    return redirect("group", group.pk)


# One group


@require_GET
@allowed(Permission.GROUP_SEE)
def group(request: Request, group_id: UUID) -> HttpResponse:
    return group_page(request, group_id)


def group_page(request: Request, group_id: UUID) -> HttpResponse:
    here = _own(request, group_id)
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    members = User.objects.filter(memberships__group=here)
    page = page_of(members, by=("sort_name", "id"), size=PAGE, **cursors)
    outside = around(here.pk, nestings_of(request.account))
    inner = Group.objects.filter(nested_in__outer=here).order_by("sort_name")
    context = {
        "group": here,
        "page": page,
        "first": page.first.full_name if page.first else "",
        "last": page.last.full_name if page.last else "",
        "direct": members.count(),
        "in_all": everybody_in(here).count(),
        "inner": inner,
        "outer": Group.objects.filter(nestings__inner=here).order_by("sort_name"),
        "addable": request.account.groups.exclude(pk__in=outside)
        .exclude(nested_in__outer=here)
        .order_by("sort_name"),
        "rules": LicenseRule.objects.on().filter(group=here).select_related("plan", "group", "domain"),
        "may_change": request.actor.may(Permission.GROUP_CHANGE),
        "may_rule": request.actor.may(Permission.RULE_CHANGE),
        "form": _name_form(request, here.name),
        **_search(request, here),
    }
    return render(request, "groups/page.html", context)


def _search(request: Request, here: Group) -> dict[str, Any]:
    """Users who match what is looked for and are not in the group yet."""
    words = request.GET.get("q", "").replace("\0", "").strip()
    if not words:
        return {"q": "", "matching": []}
    others = request.account.users.active().matching(words).exclude(memberships__group=here)
    return {"q": words, "matching": list(others.order_by("sort_name", "id")[:FOUND]), "most": FOUND}


def _own(request: Request, group_id: UUID) -> Group:
    return found(request.account.groups.select_related("account").filter(pk=group_id).first())


def _chosen_users(request: Request) -> list[User]:
    """The users that were ticked; what is no key of this account is nobody."""
    keys = []
    for text in request.POST.getlist("user")[: accounts.MEMBERS_AT_ONCE]:
        try:
            keys.append(UUID(text))
        except ValueError:
            continue
    return list(request.account.users.filter(pk__in=keys))


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def rename_group(request: Request, group_id: UUID) -> HttpResponse:
    group = accounts.rename_group(_own(request, group_id), request.POST.get("name", ""), by=request.actor)
    messages.success(request, gettext("The group is now called %(group)s.") % {"group": group.name})
    return redirect("group", group_id)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def join_group(request: Request, group_id: UUID) -> HttpResponse:
    group, users = _own(request, group_id), _chosen_users(request)
    if not users:
        messages.error(request, gettext("Tick who is to be added."))
        return redirect(f"{reverse('group', args=[group_id])}?{request.GET.urlencode()}")
    number = accounts.join_group(group, users, by=request.actor)
    words = ngettext(
        "%(number)s user was added to %(group)s.", "%(number)s users were added to %(group)s.", number
    )
    messages.success(request, words % {"number": number, "group": group.name})
    return redirect("group", group_id)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def leave_group(request: Request, group_id: UUID) -> HttpResponse:
    group, users = _own(request, group_id), _chosen_users(request)
    number = accounts.leave_group(group, users, by=request.actor)
    words = ngettext(
        "%(number)s user was taken out of %(group)s.", "%(number)s users were taken out of %(group)s.", number
    )
    messages.success(request, words % {"number": number, "group": group.name})
    return redirect("group", group_id)


def _other(request: Request) -> Group:
    try:
        return _own(request, UUID(request.POST.get("group", "")))
    except ValueError:
        return found(None)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def nest_group(request: Request, group_id: UUID) -> HttpResponse:
    outer = _own(request, group_id)
    if not request.POST.get("group"):
        messages.error(request, gettext("Choose a group first."))
        return redirect("group", group_id)
    inner = _other(request)
    accounts.nest_group(outer, inner, by=request.actor)
    said = gettext("Everybody in %(inner)s is now in %(group)s too.")
    messages.success(request, said % {"inner": inner.name, "group": outer.name})
    return redirect("group", group_id)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def unnest_group(request: Request, group_id: UUID) -> HttpResponse:
    outer, inner = _own(request, group_id), _other(request)
    accounts.unnest_group(outer, inner, by=request.actor)
    said = gettext("%(inner)s is no longer in %(group)s.")
    messages.success(request, said % {"inner": inner.name, "group": outer.name})
    return redirect("group", group_id)


@require_POST
@allowed(Permission.GROUP_CHANGE)
@shown_on(group_page)
def remove_group(request: Request, group_id: UUID) -> HttpResponse:
    group = _own(request, group_id)
    licensing.remove_group(group, by=request.actor)
    said = gettext("The group %(group)s is removed. Its members stay users of the account.")
    messages.success(request, said % {"group": group.name})
    return redirect("groups")
