"""What a change of licenses that the account has already costs: a higher plan, or more activations.

Due is what the license is worth afterwards until the renewal, less what of it is paid already (`License.worth`), each
rounded once. So an upgrade in two steps costs the same as in one, to the minor unit, and going down and up again in a
period costs nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.billing.models import Order, TaxRate
from valija.billing.quote.buying import PlanNotSold
from valija.billing.quote.periods import part_of_period
from valija.billing.quote.quotes import Quote, QuoteLine, Renewal
from valija.billing.quote.renewing import Prices, Standing, renewal, standing
from valija.billing.taxes import rates_of, taxed
from valija.core.errors import InvalidInput, Refusal
from valija.licensing.models import License, Plan, Subscription


class NothingChosen(InvalidInput):
    code = "nothing_chosen"
    field = "license"
    sentence = _("Tick at least one license.")


class TooManyChosen(InvalidInput):
    code = "too_many_chosen"
    field = "license"
    sentence = _(
        "At most %(most)s licenses can be changed at once. Choose fewer and come back for the others."
    )


class NotHigher(Refusal):
    code = "not_higher"
    sentence = _(
        "%(plan)s is not higher than %(old_plan)s, which one of the chosen licenses has already. Nothing was charged."
    )


class TrialNotChanged(Refusal):
    code = "trial_not_changed"
    sentence = _("Licenses of a trial cannot be changed. Buy licenses first; people keep theirs.")


class LicenseGone(Refusal):
    code = "license_gone"
    sentence = _(
        "One of the chosen licenses has ended meanwhile. Look at the list again; nothing was charged."
    )


class ActivationsNotSold(Refusal):
    code = "activations_not_sold"
    sentence = _("Activations of %(plan)s cannot be raised.")


MOST_AT_ONCE = 500
MOST_ACTIVATIONS = 1000


@dataclass(frozen=True)
class Alike:
    """Licenses that are changed alike: one line."""

    subscription: Subscription
    old_plan: Plan
    old_worth: int
    plan: Plan
    worth: int
    more: int


Change = Callable[[License, Prices], tuple[Plan, int, int]]  # the plan then, its worth, activations more


def quote_upgrade(account: Account, licenses: Sequence[License], plan: Plan, *, on: date) -> Quote:
    """What it costs to give these licenses a higher plan, now and at the renewal.

    Raises:
        NothingChosen, TooManyChosen, LicenseGone, TrialNotChanged: these licenses cannot be upgraded.
        NotHigher: one of them has this plan already, or a higher one: another administrator was faster, perhaps.
        PlanNotSold, NoTaxRate, SubscriptionLapsed: as for a purchase.
    """

    def upgraded(license: License, prices: Prices) -> tuple[Plan, int, int]:
        if license.plan.kind != plan.kind or license.plan.rank >= plan.rank:
            raise NotHigher(plan=plan.name, old_plan=license.plan.name)
        worth = prices.worth(plan.pk, license.subscription.interval, license.extra_activations)
        if worth is None or plan.withdrawn_at or plan.on_request:
            raise PlanNotSold(plan=plan.name)
        return plan, worth, 0

    return _quote(account, licenses, upgraded, Order.Kind.UPGRADE.value, on)


def quote_activations(account: Account, licenses: Sequence[License], more: int, *, on: date) -> Quote:
    """What it costs to let each of these licenses work on so many devices more.

    Raises:
        ActivationsNotSold: the plan has none to sell.
        Otherwise as `quote_upgrade`.
    """

    def raised(license: License, prices: Prices) -> tuple[Plan, int, int]:
        price = prices.rows.get((license.plan_id, license.subscription.interval))
        if price is None or price.per_activation is None:
            raise ActivationsNotSold(plan=license.plan.name)
        return license.plan, paid_worth(license, prices) + more * price.per_activation, more

    return _quote(account, licenses, raised, Order.Kind.ACTIVATIONS.value, on)


def paid_worth(license: License, prices: Prices) -> int:
    """What of a license is paid, for a whole interval."""
    if license.worth is not None:
        return license.worth
    return prices.worth(license.plan_id, license.subscription.interval, license.extra_activations) or 0


def _quote(account: Account, licenses: Sequence[License], change: Change, kind: str, on: date) -> Quote:
    require_changeable(licenses)
    prices, rates = Prices.of(account), rates_of(account, on)
    alike: dict[Alike, list[License]] = defaultdict(list)
    for license in sorted(licenses, key=attrgetter("pk")):
        plan, worth, more = change(license, prices)
        old = paid_worth(license, prices)
        alike[Alike(license.subscription, license.plan, old, plan, worth, more)].append(license)
    lines = tuple(_line(account, key, of_key, on) for key, of_key in alike.items())
    taxes = taxed(sum(line.net for line in lines), rates)
    renewals = _renewals(account, alike, prices, rates, kind)
    return Quote(account.currency, lines, taxes, renewals, kind)


def require_changeable(licenses: Sequence[License]) -> None:
    """Refuse licenses that cannot be given another plan."""
    if not licenses:
        raise NothingChosen
    if len(licenses) > MOST_AT_ONCE:
        raise TooManyChosen(most=MOST_AT_ONCE)
    if any(license.ended_at for license in licenses):
        raise LicenseGone
    if any(license.subscription.is_trial for license in licenses):
        raise TrialNotChanged


def _line(account: Account, change: Alike, licenses: list[License], on: date) -> QuoteLine:
    subscription = change.subscription
    part = part_of_period(subscription, subscription.interval, on)
    paid = part.value_of(change.old_worth)
    return QuoteLine(
        plan_id=str(change.plan.pk), plan_code=change.plan.code, plan_name=change.plan.name,
        interval=subscription.interval, quantity=len(licenses), unit_price=change.worth,
        unit_due=max(0, part.value_of(change.worth) - paid), days=part.days, days_of_period=part.days_of_period,
        renews_on=part.renews_on.isoformat(), currency=account.currency, old_plan_id=str(change.old_plan.pk),
        old_plan_name=change.old_plan.name, old_price=change.old_worth, paid=paid, activations=change.more,
        licenses=tuple(str(license.pk) for license in licenses),
    )  # fmt: skip


def _renewals(
    account: Account, alike: dict[Alike, list[License]], prices: Prices, rates: list[TaxRate], kind: str
) -> tuple[Renewal, ...]:
    """What each interval costs at its renewal with the licenses as they will be."""
    subscriptions = {change.subscription.pk: change.subscription for change in alike}
    held = standing(subscriptions.values(), prices)
    for change, licenses in alike.items():
        for license in licenses:
            if license.to_end_since is None:
                held[change.subscription.pk] += _moved(change, license, prices, kind)
    found = sorted(subscriptions.values(), key=lambda subscription: subscription.pk)
    return tuple(renewal(account, each, held[each.pk], rates) for each in found)


def _moved(change: Alike, license: License, prices: Prices, kind: str) -> list[Standing]:
    """A license taken out as it would have renewed, and put in as it will."""
    interval, extra = change.subscription.interval, license.extra_activations
    before = license.becomes_id or license.plan_id
    # An upgrade forgets that a lower plan was to come at the renewal; more activations do not.
    after = change.plan.pk if kind == Order.Kind.UPGRADE.value else before
    price_before = prices.worth(before, interval, extra)
    price_after = prices.worth(after, interval, extra + change.more)
    return [
        Standing(before, change.old_worth if price_before is None else price_before, -1),
        Standing(after, change.worth if price_after is None else price_after, 1),
    ]
