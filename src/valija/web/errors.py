"""What a person sees when something is refused, missing or broken."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from valija.core.errors import NotPermitted, Refusal
from valija.web.access import Request, View


class RefusalMiddleware:
    """Shows an operation's refusal as a page, where the view has no form to show it in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        return render(
            request,
            "error.html",
            {"status": exception.status, "sentence": str(exception)},
            status=exception.status,
        )


def shown_on(page: View) -> Callable[[View], View]:
    """Show a refusal on the page whose form was sent, with everything that was typed (`request.refusal`, `request.POST`).

    Not permitted and not found concern the page itself, so they pass.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Refusal as refusal:
                if isinstance(refusal, NotPermitted) or refusal.status == 404:
                    raise
                request.refusal = refusal  # type: ignore[attr-defined]
                response = page(request, *args, **kwargs)
                response.status_code = refusal.status
                return response

        return guarded

    return decorate


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "error.html", {"status": 404}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    try:
        return render(request, "error.html", {"status": 500}, status=500)
    except Exception:  # noqa: BLE001 (whatever broke the page may break this one: the database, most likely)
        return HttpResponse(render_to_string("500.html"), status=500)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "error.html", {"status": 400}, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's protection does not fit: an old tab, usually."""
    return render(request, "error.html", {"status": 403, "csrf": True}, status=403)


def found[T](row: T | None) -> T:
    """The row, or the page that says there is none."""
    if row is None:
        raise Http404
    return row
