"""What can be done with the cart and with purchases. A purchase happens once, for the amount that was shown."""

from valija.billing.operations.buying import (
    ABANDONED,
    EmptyCart,
    PaymentUnderWay,
    QuoteChanged,
    look_after_open_orders,
    open_payment_page,
    place_order,
)
from valija.billing.operations.canceling import (
    RenewalWithBank,
    SubscriptionOver,
    cancel_subscription,
    end_due,
    keep_subscription,
)
from valija.billing.operations.cart import (
    MOST_AT_ONCE,
    QuantityNotValid,
    add_to_cart,
    change_cart_line,
    remove_from_cart,
)
from valija.billing.operations.charging import (
    PaymentPageOpen,
    charge_stored_method,
    open_holder_page,
)
from valija.billing.operations.idle import tell_of_idle_licenses
from valija.billing.operations.methods import (
    forget_method,
    look_after_storing,
    release_forgotten_methods,
    store_method,
    stored_method,
)
from valija.billing.operations.missing import add_missing_to_cart
from valija.billing.operations.paying import AmountDiffers, look_after, receive_notice, settle_payment
from valija.billing.operations.rates import install_tax_rates
from valija.billing.operations.refunding import (
    NotPaid,
    RefundNotValid,
    RefundReasonMissing,
    RefundTooLarge,
    ask_after_refunds,
    refund_order,
    refundable,
)
from valija.billing.operations.reminding import remind_due
from valija.billing.operations.renewing import (
    RETRIES,
    charge_due,
    charge_renewal,
    pay_renewal,
    renew_due,
    renew_subscription,
    suspend_due,
)
from valija.billing.operations.requests import grant_request
from valija.billing.operations.trying import (
    TRIAL_LASTS,
    NoTrialBesideLicenses,
    TrialUsed,
    may_try,
    start_trial,
    tried_plans,
)
from valija.billing.operations.upgrading import (
    ActivationsNotValid,
    NotLower,
    chosen,
    downgrade_licenses,
    downgrade_licenses_now,
    keep_plans,
    raise_activations,
    require_number,
    upgrade_licenses,
)
from valija.billing.providers import NoStoredMethod
from valija.billing.quote import require_changeable
