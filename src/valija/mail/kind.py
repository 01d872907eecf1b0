"""What a letter is made of."""

from dataclasses import dataclass
from functools import cached_property
from re import findall

from django.utils.functional import Promise
from django.utils.translation import override

Text = str | Promise


@dataclass(frozen=True)
class Kind:
    """One kind of letter."""

    code: str
    subject: Text
    lines: tuple[Text, ...]
    button: Text = ""
    closing: tuple[Text, ...] = ()
    secrets: frozenset[str] = frozenset()  # among them "link" for the button and "code" for the big code

    @cached_property
    def names(self) -> frozenset[str]:
        """The data that its sentences name, as in the source language."""
        with override(None):
            words = " ".join(map(str, (self.subject, *self.lines, *self.closing)))
        return frozenset(findall(r"%\((\w+)\)s", words))
