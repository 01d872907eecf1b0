"""Periods of a subscription, and what a part of one costs.

A period is cut from the day the subscription began, so that January 31 leads to February 28 and back to March 31. A part
costs price x days left / days of the period, rounded half up to the minor unit, per license. What is due for a change is
the difference of two such amounts, so that several changes of one day cost together what the last of them alone would.
"""

import calendar
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from valija.core.errors import Refusal
from valija.core.money import round_half_up
from valija.licensing.models import Interval, Subscription


class SubscriptionLapsed(Refusal):
    code = "subscription_lapsed"
    sentence = _(
        "Your subscription was to renew on %(day)s and is not paid yet. Pay the renewal first; then you can go on."
    )


@dataclass(frozen=True)
class Part:
    """From a day to the renewal: so many of a period's days."""

    days: int
    days_of_period: int
    renews_on: date

    def value_of(self, price: int) -> int:
        """What one license of this price costs for this part."""
        return round_half_up(Fraction(price * self.days, self.days_of_period))


def period_end(start: date, interval: str, *, periods: int = 1) -> date:
    """The same day one interval later (or earlier, for -1); the last of the month where that day does not exist."""
    months = (12 if interval == Interval.YEAR else 1) * periods
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def part_of_period(subscription: Subscription | None, interval: str, on: date) -> Part:
    """From a day to the common renewal; a whole period where there is no subscription yet.

    Raises:
        SubscriptionLapsed: the renewal is due and not paid.
    """
    if subscription is None:
        renews_on = period_end(on, interval)
        return Part((renews_on - on).days, (renews_on - on).days, renews_on)
    renews_on = subscription.renews_on
    if renews_on <= on:
        raise SubscriptionLapsed(day=renews_on)
    return Part((renews_on - on).days, (renews_on - period_start(subscription)).days, renews_on)


def period_start(subscription: Subscription) -> date:
    """The day on which the period began that ends with the coming renewal."""
    return max(_boundary(subscription, -1), subscription.started_on)


def next_renewal(subscription: Subscription) -> date:
    """The renewal after the coming one."""
    return _boundary(subscription, 1)


def _boundary(subscription: Subscription, periods: int) -> date:
    """The end of a period so many after (or before) the one that ends with the coming renewal."""
    start, end, interval = subscription.started_on, subscription.renews_on, subscription.interval
    months = (end.year - start.year) * 12 + end.month - start.month
    counted, rest = divmod(months, 12 if interval == Interval.YEAR else 1)
    # A subscription whose day was moved by hand does not lie on its own beginning.
    if rest or period_end(start, interval, periods=counted) != end:
        return period_end(end, interval, periods=periods)
    return period_end(start, interval, periods=counted + periods)


def pro_rata(price: int, subscription: Subscription | None, interval: str, on: date) -> int:
    """What one license of this price costs from a day to its renewal."""
    return part_of_period(subscription, interval, on).value_of(price)
