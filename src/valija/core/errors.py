"""What an operation answers when it will not: a named refusal.

Every refusal has a stable `code` (for programs), an HTTP `status` (for the interfaces; the core itself never sees
HTTP) and a translatable `sentence` (for people). Data named in the sentence is given to the constructor.
"""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """An operation's polite and final no; nothing was changed."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    sentence: ClassVar[str | Promise] = _("This cannot be done.")

    def __init__(self, **data: Any) -> None:
        super().__init__()
        self.data = data

    def for_programs(self) -> dict[str, Any]:
        """What a program is told beside the sentence."""
        return {}

    def __str__(self) -> str:
        return str(self.sentence) % self.data if self.data else str(self.sentence)


class NotPermitted(Refusal):
    code = "not_permitted"
    status = 403
    sentence = _(
        "Your role does not allow this. An administrator of your account can do it or change your role."
    )


class InvalidInput(Refusal):
    """A value that cannot be used; `field` names where it was typed."""

    code = "invalid_input"
    status = 422
    sentence = _("Please check what was entered.")
    field: ClassVar[str] = ""


class TooManyAttempts(Refusal):
    code = "too_many_attempts"
    status = 429
    sentence = _("Too many attempts. Wait %(minutes)s minutes and try again.")
