"""The test cards, and what each does when it is charged with its holder there, and later without him."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from valija.core import clock

NEVER = timedelta(minutes=15)  # a bank that never answers: the provider then says so


@dataclass(frozen=True)
class Card:
    """How a test card behaves."""

    number: str
    answer: str = "approved"  # or the reason of a refusal
    confirms: bool = False  # the bank asks its holder first
    answers_after: timedelta | None = None
    notices: int = 1
    notice_delay: timedelta = timedelta(0)
    later: str = (
        "approved"  # stored and charged without its holder; "times_out": charged, and no answer comes
    )


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("4000000000000002", "card_declined"),
        Card("4000000000009995", "insufficient_funds"),
        Card("4000000000003220", confirms=True),
        Card("4000000000000077", answers_after=timedelta(seconds=5)),
        Card("4000000000000259", "no_answer", answers_after=NEVER),
        Card("4000000000000341", notices=2),
        Card("4000000000000416", notice_delay=timedelta(seconds=20)),
        Card("4000000000000507", later="card_declined"),
        Card("4000000000000606", later="authentication_required"),
        Card("4000000000000705", later="times_out"),
    )
}


@dataclass(frozen=True)
class Typed:
    """What somebody typed on the card page."""

    number: str
    expiry: str = "12 / 99"
    cvc: str = "123"

    @property
    def digits(self) -> str:
        return "".join(character for character in self.number if character.isdigit())

    @property
    def last_day(self) -> date | None:
        """The last day on which the card is good; none where that is no month and year."""
        found = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*[/ .-]?\s*(?:20)?([0-9]{2})\s*", self.expiry, re.ASCII)
        if found is None:
            return None
        month, year = int(found[1]), 2000 + int(found[2])
        return date(year, month, monthrange(year, month)[1])

    @property
    def fault(self) -> str:
        """Why this is no card, as a key of REASONS; empty where it is one."""
        last_day = self.last_day
        cvc_fits = re.fullmatch(r"\s*[0-9]{3}\s*", self.cvc, re.ASCII) is not None
        if self.digits not in CARDS or last_day is None or not cvc_fits:
            return "card_not_valid"
        return "card_expired" if last_day < clock.today() else ""
