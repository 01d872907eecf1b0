"""Small pieces of pages that stand many times on one: icons, fields, lists of errors, links to the next page."""

from functools import cache
from typing import Any

from babel.numbers import format_decimal
from django import forms, template
from django.forms.boundfield import BoundField
from django.template.base import Parser, Token
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

register = template.Library()

# Widgets that are several controls, or one that stands before its label.
GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite, silent for screen readers: the words beside it say what it means."""
    return _icon(name, classes)


@cache
def _icon(name: str, classes: str) -> SafeString:
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f"icon {classes}".rstrip(),
        static("valija/icons.svg"),
        name,
    )


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, label: str = "", **attributes: Any) -> dict[str, Any]:
    """A field of a form: label, error, control, help, tied together for screen readers.

    Attributes of the control are given by name, `_` for `-`: `{% field form.email autocomplete="username" %}`.
    """
    given = {name.replace("_", "-"): value for name, value in attributes.items()}
    widget = bound.field.widget
    if isinstance(widget, GROUPS):
        kind, own = "group", "form-check-input"
    elif isinstance(widget, forms.CheckboxInput):
        kind, own = "check", "form-check-input"
    else:
        kind, own = "line", "form-select" if isinstance(widget, forms.Select) else "form-control"
    classes = [own, widget.attrs.get("class", ""), given.pop("class", "")]
    given["class"] = " ".join(filter(None, classes))
    choices = bound.subwidgets if kind == "group" else []
    for choice in choices:
        choice.data["attrs"]["class"] = own
    return {
        "field": bound,
        "kind": kind,
        "label": label or bound.label,
        "attributes": given,
        "control": bound.as_widget(attrs=given) if kind != "group" else "",
        "choices": choices,
        "optional": not bound.field.required and kind == "line",
    }


@register.inclusion_tag("parts/errors.html")
def errors(*of: forms.BaseForm) -> dict[str, Any]:
    """What has to be corrected in these forms, at the top of the page, each a link to its field."""
    found = [
        {"id": bound.id_for_label or f"{bound.auto_id}_0", "words": _named(bound, str(sentence))}
        for form in of
        for bound in form
        for sentence in bound.errors
    ]
    general = [{"words": sentence} for form in of for sentence in form.non_field_errors()]
    return {"errors": [*general, *found]}


def _named(bound: BoundField, sentence: str) -> str:
    if str(bound.label).endswith("?"):
        return f"{bound.label} {sentence}"
    return gettext("%(label)s: %(sentence)s") % {"label": bound.label, "sentence": sentence}


@register.inclusion_tag("parts/keypager.html", takes_context=True)
def keypager(
    context: template.Context,
    page: Any,
    first: str = "",
    last: str = "",
    count: int | None = None,
    in_window: bool = False,
) -> dict[str, Any]:
    """From ... to ..., Previous and Next; `page` is one of `valija.core.pages`, the words name its first and last row."""
    query = context["request"].GET.copy()
    addresses = {}
    for direction in ("after", "before"):
        query.pop("after", None)
        query.pop("before", None)
        if cursor := getattr(page, direction):
            query[direction] = cursor
            addresses[direction] = f"?{query.urlencode()}"
    return {
        "first": first,
        "last": last,
        "count": count,
        "in_window": in_window,
        "next": addresses.get("after"),
        "previous": addresses.get("before"),
    }


@register.filter
def size(count: int) -> str:
    """A number of bytes as people say it: 100 MB, 2.5 GB; decimal units, octets in French."""
    unit = "o" if get_language() == "fr" else "B"
    amount, prefix = (count / 1e9, "G") if count >= 1_000_000_000 else (count / 1e6, "M")
    return f"{format_decimal(amount, format='#,##0.#', locale=get_language() or 'en')}\u00a0{prefix}{unit}"


MOST_KEPT = 256  # texts of one place; the variables it depends on have few values


class Fixed(template.Node):
    """Part of a page that is alike for all who read in one language, where the named variables are equal."""

    def __init__(self, content: template.NodeList, depends_on: list[template.Variable]) -> None:
        self.content, self.depends_on = content, depends_on
        self.kept: dict[tuple[str, ...], SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        values = [str(variable.resolve(context)) for variable in self.depends_on]
        key = (get_language() or "", *values)
        found = self.kept.get(key)
        if found is None:
            found = self.content.render(context)
            if (
                len(self.kept) >= MOST_KEPT
            ):  # another thread may clear it too, so nothing is read from it again
                self.kept.clear()
            self.kept[key] = found
        return found


@register.tag
def fixed(parser: Parser, token: Token) -> Fixed:
    """`{% fixed theme %}...{% endfixed %}`: rendered once, then copied.

    Most of a page is labels and icons; looking each up anew for every reader took half of the time of a page. Nothing
    of a person, and no token, may stand in it.
    """
    _tag, *names = token.split_contents()
    content = parser.parse(("endfixed",))
    parser.delete_first_token()
    return Fixed(content, [template.Variable(name) for name in names])
