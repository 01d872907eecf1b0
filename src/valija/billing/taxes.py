"""Which taxes an account pays, from a dated table that the provider can change."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import eu_vat_rates_data
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.billing.models import TaxRate
from valija.core.errors import Refusal
from valija.core.money import round_half_up

SINCE = date(2020, 1, 1)
ELSEWHERE = (
    ("MX", "", "IVA", 16_000),
    ("CA", "QC", "GST", 5_000),
    ("CA", "QC", "QST", 9_975),
    ("CA", "ON", "HST", 13_000),
    ("CA", "AB", "GST", 5_000),
)


class NoTaxRate(Refusal):
    code = "no_tax_rate"
    sentence = _(
        "We do not know the taxes of your region (%(region)s). Please write to your provider; nothing was charged."
    )


@dataclass(frozen=True)
class Tax:
    """One tax on an amount."""

    name: str
    rate: int  # thousandths of a percent
    amount: int  # minor units

    @property
    def percent(self) -> float:
        return self.rate / 1000


def taxes_on(net: int, account: Account, on: date) -> tuple[Tax, ...]:
    """Every tax of the account's region on a net amount, each rounded half up by itself.

    Raises:
        NoTaxRate: nothing is known of the region; it is told, not guessed.
    """
    return taxed(net, rates_of(account, on))


def rates_of(account: Account, on: date) -> list[TaxRate]:
    """The taxes of the account's region on a day, by name; raises like `taxes_on`."""
    rates = list(
        TaxRate.objects.filter(
            Q(until=None) | Q(until__gt=on), country=account.country, region=account.region, since__lte=on
        ).order_by("name", "since")
    )
    if not rates:
        raise NoTaxRate(region="-".join(filter(None, (account.country, account.region))))
    return list({rate.name: rate for rate in rates}.values())  # of each name the newest


def taxed(net: int, rates: list[TaxRate]) -> tuple[Tax, ...]:
    """These taxes on a net amount."""
    return tuple(
        Tax(rate.name, rate.rate, round_half_up(Fraction(net * rate.rate, 100_000))) for rate in rates
    )


def shipped_rates() -> list[TaxRate]:
    """The table an installation starts with."""
    of_the_union = [
        TaxRate(
            country=country, name=entry["vat_abbr"][:20], rate=round(entry["standard"] * 1000), since=SINCE
        )
        for country, entry in eu_vat_rates_data.get_all_rates().items()
        if eu_vat_rates_data.is_eu_member(country)
    ]
    others = [
        TaxRate(country=c, region=region, name=name, rate=rate, since=SINCE)
        for c, region, name, rate in ELSEWHERE
    ]
    return of_the_union + others
