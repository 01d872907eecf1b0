"""What the rules of an account decide, read in as many queries for ten people as for ten thousand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from valija.accounts.groups import Edges, inside, nestings_of
from valija.accounts.models import Account, Group, GroupMember, User
from valija.domains.models import Domain
from valija.licensing.models import License, LicenseRule, Plan, RuleException
from valija.licensing.precedence import Decision, Held, Person, Rule, decide


def addresses_of(domain: Domain) -> Q:
    """Users with an address of a domain, written in either of its forms."""
    return Q(email__endswith=f"@{domain.name}") | Q(email__endswith=f"@{domain.in_words}")


def everyone(account: Account) -> list[Person]:
    """The active users of an account, whoever was added first standing first."""
    rows = account.users.active().order_by("created_at", "id").values_list("id", "kind")
    return [Person(*row) for row in rows]


def members_of(account: Account, rules: Iterable[LicenseRule]) -> dict[UUID, set[UUID]]:
    """The people of each rule's group, at any depth, or domain."""
    rules = list(rules)
    edges: Edges = nestings_of(account) if any(rule.group_id for rule in rules) else {}
    groups = {rule.pk: inside(rule.group_id, edges) for rule in rules if rule.group_id}
    direct: dict[UUID, set[UUID]] = {}
    if groups:
        ids = set().union(*groups.values())
        for group, user in GroupMember.objects.filter(group__in=ids).values_list("group_id", "user_id"):
            direct.setdefault(group, set()).add(user)
    found = {rule: set().union(*(direct.get(each, set()) for each in ids)) for rule, ids in groups.items()}
    for rule in rules:
        if rule.domain is not None and rule.domain.approved_at:
            users = User.objects.filter(addresses_of(rule.domain), account=account)
            found[rule.pk] = set(users.values_list("id", flat=True))
    return found


def rules_on(account: Account) -> list[LicenseRule]:
    """The account's rules in their order."""
    return list(LicenseRule.objects.on().filter(account=account).select_related("plan", "group", "domain"))


def in_order(rules: Iterable[LicenseRule]) -> list[LicenseRule]:
    return sorted(rules, key=lambda rule: (-rule.plan.rank, rule.begun_at, rule.pk))


def decision(account: Account, rules: Sequence[LicenseRule] | None = None) -> Decision:
    """What the account's rules decide as things stand; with other rules, what those would."""
    ordered = rules_on(account) if rules is None else in_order(rules)
    rows = account.licenses.assigned().values_list("holder_id", "id", "plan_id", "given_by_id")
    held = {holder: Held(license, plan, rule) for holder, license, plan, rule in rows}
    excepted = RuleException.objects.filter(account=account).values_list("user_id", flat=True)
    return decide(
        [Rule(rule.pk, rule.plan_id, rule.plan.kind) for rule in ordered],
        everyone(account),
        members_of(account, ordered),
        held,
        left_in_pool(account),
        set(excepted),
    )


def left_in_pool(account: Account) -> dict[UUID, int]:
    """How many licenses of each plan nobody holds."""
    rows: Any = account.licenses.available().order_by().values_list("plan_id").annotate(number=Count("id"))
    return dict(rows)


@dataclass(frozen=True)
class Preview:
    """What a rule would do if it were switched on now."""

    rule: LicenseRule
    fits: int
    licensed: int  # of these, how many have a license already
    available: int
    gets: list[User]  # the first of them, in order
    gets_number: int
    waits: list[User]
    waits_number: int


SHOWN = 50


def preview(account: Account, plan: Plan, carrier: Group | Domain) -> Preview:
    """Who would get a license, who would wait, in which order; nothing is changed."""
    candidate = LicenseRule(
        account=account,
        plan=plan,
        group=carrier if isinstance(carrier, Group) else None,
        domain=carrier if isinstance(carrier, Domain) else None,
    )
    made = decision(account, [*rules_on(account), candidate])
    gets = [give.person for give in made.give if give.rule == candidate.pk]
    waits = made.waits[candidate.pk]
    named = User.objects.in_bulk([*gets[:SHOWN], *waits[:SHOWN]])
    return Preview(
        rule=candidate,
        fits=made.fits[candidate.pk],
        licensed=made.has[candidate.pk],
        available=left_in_pool(account).get(plan.pk, 0),
        gets=[named[key] for key in gets[:SHOWN]],
        gets_number=len(gets),
        waits=[named[key] for key in waits[:SHOWN]],
        waits_number=len(waits),
    )


def holders_by_rule(account: Account) -> dict[UUID, int]:
    """How many licenses each rule has given that are still held."""
    rows: Any = (
        License.objects.filter(account=account, given_by__isnull=False)
        .values_list("given_by")
        .annotate(number=Count("id"))
    )
    return dict(rows)
