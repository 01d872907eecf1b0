"""The one place where amounts are computed. What a quote says is what is charged."""

from valija.billing.quote.buying import PlanNotSold, plans_with_prices, quote_cart, quote_lines
from valija.billing.quote.changing import (
    MOST_ACTIVATIONS,
    ActivationsNotSold,
    LicenseGone,
    NotHigher,
    NothingChosen,
    TooManyChosen,
    TrialNotChanged,
    paid_worth,
    quote_activations,
    quote_upgrade,
    require_changeable,
)
from valija.billing.quote.periods import (
    SubscriptionLapsed,
    next_renewal,
    part_of_period,
    period_end,
    period_start,
    pro_rata,
)
from valija.billing.quote.quotes import Quote, QuoteLine, Renewal
from valija.billing.quote.renewing import Prices, quote_renewal, renewal_of
