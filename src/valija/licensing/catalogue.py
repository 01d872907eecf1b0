"""The plans an installation starts with. The provider can change everything afterwards."""

from dataclasses import dataclass
from decimal import Decimal

from valija.licensing.entitlements import GIGABYTE, MEGABYTE, Entitlements
from valija.licensing.models import Interval, Plan, Price

RATES = {"EUR": Decimal(1), "USD": Decimal("1.10"), "CAD": Decimal("1.50"), "MXN": Decimal(20)}

ECO = Entitlements(retention_days=30)
ADVANCED = Entitlements(send_bytes=100 * MEGABYTE, signers=1, envelopes=True, retention_days=90)
PRO = Entitlements(
    send_bytes=5 * GIGABYTE // 2, signers=None, envelopes=True, protected_returns=True, signature_tracking=True,
    signer_order=True, templates=True, retention_days=365, monthly_sends=3000,
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    code: str
    name: str
    kind: str
    entitlements: Entitlements
    yearly: int | None  # euro cents; none: on request
    summary: dict[str, str]


OFFERS = (
    Offer("eco", "Eco", "person", ECO, 12_00, {
        "es": "Para quien escribe mensajes y no envía archivos.",
        "en": "For those who write messages and send no files.",
        "fr": "Pour qui écrit des messages et n'envoie pas de fichiers.",
    }),
    Offer("advanced", "Advanced", "person", ADVANCED, 66_00, {
        "es": "Para quien envía documentos de vez en cuando.",
        "en": "For those who send documents now and then.",
        "fr": "Pour qui envoie des documents de temps en temps.",
    }),
    Offer("pro", "Pro", "person", PRO, 132_00, {
        "es": "Para quien trabaja con expedientes y firmas.",
        "en": "For those who work with case files and signatures.",
        "fr": "Pour qui travaille avec des dossiers et des signatures.",
    }),
    Offer("max", "Max", "person", PRO, None, {
        "es": "Para envíos de más de 2,5 GB.",
        "en": "For sends above 2.5 GB.",
        "fr": "Pour les envois de plus de 2,5 Go.",
    }),
    Offer("eco-shared", "Eco Shared", "shared", ECO, 18_00, {
        "es": "Para un buzón que atienden varios, sin archivos.",
        "en": "For a mailbox that several people look after, without files.",
        "fr": "Pour une boîte que plusieurs personnes relèvent, sans fichiers.",
    }),
    Offer("advanced-shared", "Advanced Shared", "shared", ADVANCED, 96_00, {
        "es": "Para un buzón que atienden varios, con documentos.",
        "en": "For a mailbox that several people look after, with documents.",
        "fr": "Pour une boîte que plusieurs personnes relèvent, avec documents.",
    }),
    Offer("pro-shared", "Pro Shared", "shared", PRO, 192_00, {
        "es": "Para un buzón que atienden varios, con expedientes y firmas.",
        "en": "For a mailbox that several people look after, with case files and signatures.",
        "fr": "Pour une boîte que plusieurs personnes relèvent, avec dossiers et signatures.",
    }),
    Offer("eco-api", "Eco API", "api", ECO, 60_00, {
        "es": "Para programas que envían mensajes.",
        "en": "For programs that send messages.",
        "fr": "Pour les programmes qui envoient des messages.",
    }),
    Offer("advanced-api", "Advanced API", "api", ADVANCED, 330_00, {
        "es": "Para programas que envían documentos.",
        "en": "For programs that send documents.",
        "fr": "Pour les programmes qui envoient des documents.",
    }),
    Offer("pro-api", "Pro API", "api", PRO, 660_00, {
        "es": "Para programas que envían expedientes y piden firmas.",
        "en": "For programs that send case files and ask for signatures.",
        "fr": "Pour les programmes qui envoient des dossiers et demandent des signatures.",
    }),
)  # fmt: skip


def plan_rows() -> list[Plan]:
    """A row for each offer, ranked in the order of the list."""
    return [
        Plan(
            code=offer.code, name=offer.name, kind=offer.kind, rank=rank, summary=offer.summary,
            entitlements=offer.entitlements.as_dict(), on_request=offer.yearly is None,
        )
        for rank, offer in enumerate(OFFERS, start=1)
    ]  # fmt: skip


def price_rows(plans: list[Plan]) -> list[Price]:
    """Yearly and monthly prices in each currency; a month costs a tenth of a year, an activation more of a shared
    license as much as each of those that it has."""
    yearly = {offer.code: offer.yearly for offer in OFFERS}
    return [
        _price(plan, interval, currency, int(euro * rate) // share)
        for plan in plans
        if (euro := yearly[plan.code]) is not None
        for currency, rate in RATES.items()
        for interval, share in ((Interval.YEAR, 1), (Interval.MONTH, 10))
    ]


def _price(plan: Plan, interval: str, currency: str, amount: int) -> Price:
    each = amount // plan.allows.devices if plan.kind == Plan.Kind.SHARED else None
    return Price(plan=plan, interval=interval, currency=currency, amount=amount, per_activation=each)
