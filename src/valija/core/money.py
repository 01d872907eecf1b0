"""Money: whole minor units and a currency, shown in the reader's language."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (cents) of one currency (ISO 4217)."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return in_words(self.amount, self.currency)


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up, away from zero for credits too."""
    whole = (abs(value) * 2 + 1) // 2
    return int(whole) if value >= 0 else -int(whole)


def in_words(amount: int, currency: str, language: str | None = None) -> str:
    """An amount as the reader writes it: 1.234,50 € or €1,234.50."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale=_locale(language))


def _locale(language: str | None) -> str:
    return (language or get_language() or "en").replace("-", "_")
