"""What can be done with domains."""

from valija.domains.operations.addresses import (
    CONFIRMED_WITHIN,
    AddressLinkNotValid,
    AddressUnchanged,
    cancel_address_change,
    confirm_address_change,
    find_address_change,
    give_address,
    request_address_change,
)
from valija.domains.operations.approving import (
    DomainGone,
    DomainIsApproved,
    ReasonMissing,
    approve_domain,
    refuse_domain,
)
from valija.domains.operations.checking import (
    AT_ONCE,
    BETWEEN_CHECKS,
    LEASE,
    LONGEST_RUN,
    CheckedJustNow,
    DomainRefused,
    check_domain,
    check_due,
)
from valija.domains.operations.claiming import (
    LONGEST,
    WAITING_AT_ONCE,
    DomainNotApproved,
    DomainNotValid,
    DomainTaken,
    PublicDomain,
    ThrowAwayDomain,
    TooManyDomainsWaiting,
    claim_domain,
    normal_domain,
    require_usable,
)
from valija.domains.operations.customers import AccountNameMissing, open_account
from valija.domains.operations.removing import DomainInUse, remove_domain
