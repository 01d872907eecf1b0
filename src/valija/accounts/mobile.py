"""Mobile numbers, as they are stored: E.164."""

import phonenumbers
from django.utils.translation import gettext_lazy as _

from valija.core.errors import InvalidInput


class MobileNotValid(InvalidInput):
    code = "mobile_not_valid"
    field = "mobile"
    sentence = _(
        "“%(mobile)s” is not a mobile number. Write it with the country's prefix, as in +34 600 123 456."
    )


def normal_mobile(text: str, country: str) -> str:
    """A mobile number in E.164, or nothing where nothing was entered."""
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as wrong:
        raise MobileNotValid(mobile=text[:30]) from wrong
    if not phonenumbers.is_valid_number(number):
        raise MobileNotValid(mobile=text[:30])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
