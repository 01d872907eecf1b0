"""The cart, purchases and money. Amounts are whole minor units; the ledger is appended to, never edited."""

from valija.billing.models.cart import CartLine
from valija.billing.models.idle import IdleNotice
from valija.billing.models.ledger import LedgerEntry
from valija.billing.models.orders import Grant, Order, OrderedLicense, OrderLine, Orders
from valija.billing.models.payments import (
    NoticeReceipt,
    Payment,
    PaymentMethod,
    PaymentMethods,
    Refund,
    Refunds,
    StoringPage,
)
from valija.billing.models.taxes import TaxRate
