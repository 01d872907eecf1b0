"""What can be done with accounts, people, their sign-ins and their programs."""

from valija.accounts.operations.changing import (
    LastAdministrator,
    RoleAboveOwn,
    change_user,
    require_administrator_without,
    require_giveable,
    tell_change,
)
from valija.accounts.operations.groups import (
    MEMBERS_AT_ONCE,
    GroupCycle,
    GroupGone,
    GroupInItself,
    GroupNameMissing,
    GroupNameTaken,
    NotOfThisAccount,
    add_group,
    held_group,
    join_group,
    leave_group,
    nest_group,
    rename_group,
    unnest_group,
)
from valija.accounts.operations.leaving import end_access, end_sign_ins, erase
from valija.accounts.operations.people import (
    OWN_DETAILS,
    AddressNotValid,
    AddressTaken,
    ChoiceNotValid,
    NameMissing,
    change_own_details,
    check_details,
    choose_theme,
    create_account,
    normal_email,
    require_own,
    validate_length,
    write_user,
)
from valija.accounts.operations.programs import ProgramNameMissing, ScopeNotValid, create_token, revoke_token
from valija.accounts.operations.signing_in import (
    ATTEMPTS_PER_CODE,
    REQUESTS_PER_ADDRESS,
    REQUESTS_PER_EMAIL,
    SIGN_IN_LASTS,
    THROTTLE,
    CodeNotValid,
    SignInNotValid,
    end_other_sessions,
    end_session,
    forget_expired,
    note_use,
    request_sign_in,
    sign_in_link,
    sign_in_with_code,
    sign_in_with_link,
    sign_out,
)
