"""Times as the reader wants them: his zone, his order of day and month."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
UNKNOWN = "Y-m-d"  # a reader without an account gets what nobody can misread


@register.simple_tag(takes_context=True)
def moment(context: template.Context, at: datetime) -> SafeString:
    """Day and time to the second."""
    return _time(at, f"{_day_format(context)}, H:i:s")


@register.simple_tag(takes_context=True)
def day(context: template.Context, at: datetime) -> SafeString:
    """The day alone."""
    return _time(at, _day_format(context))


@register.simple_tag
def clock_time(at: datetime) -> SafeString:
    """The time alone, to the second, where the day stands above."""
    return _time(at, "H:i:s")


@register.simple_tag(takes_context=True)
def exact_moment(context: template.Context, at: datetime) -> SafeString:
    """Day and time to the microsecond, with the name of the reader's zone."""
    return _time(at, f"{_day_format(context)}, H:i:s.u T")


def _day_format(context: template.Context) -> str:
    return getattr(context.get("user"), "date_format", UNKNOWN)


def _time(at: datetime, pattern: str) -> SafeString:
    """The words, with the exact moment for machines and for whoever points at it."""
    local = timezone.localtime(at)
    exact = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond:06d} {local:%Z (UTC%z)}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, formatted(local, pattern)
    )
