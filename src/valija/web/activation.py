"""The installable web app: activating a license in a browser, and showing it without a connection.

Its pages need no sign-in and hold nothing personal: the license is in the browser, and the browser keeps the pages.
"""

from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

WORKER = Path(__file__).parent / "static" / "activate" / "worker.js"

fresh = cache_control(private=True, no_cache=True)


@require_safe
@fresh
def activate_page(request: HttpRequest) -> HttpResponse:
    """Where the link of the e-mail leads. The code is in its fragment, which no browser sends."""
    return render(request, "activation/activate.html", {"module": "activate/activate_page.js"})


@require_safe
@fresh
def app_page(request: HttpRequest) -> HttpResponse:
    """ "My license": what the browser keeps."""
    return render(request, "activation/app.html", {"module": "activate/app_page.js"})


@require_safe
@fresh
def app_manifest(request: HttpRequest) -> JsonResponse:
    """What a browser needs to install the page as an app."""
    sizes = [
        ("icon-192", "192x192", "any"),
        ("icon-512", "512x512", "any"),
        ("icon-maskable-512", "512x512", "maskable"),
    ]
    manifest = {
        "id": reverse("app_page"),
        "name": "Valija",
        "short_name": "Valija",
        "description": _("Your Valija license, also without a connection."),
        "lang": get_language(),
        "start_url": reverse("app_page"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#F5F2EA",
        "theme_color": "#F5F2EA",
        "icons": [
            {
                "src": static(f"activate/icons/{name}.png"),
                "sizes": size,
                "type": "image/png",
                "purpose": purpose,
            }
            for name, size, purpose in sizes
        ],
    }
    return JsonResponse(manifest, content_type="application/manifest+json")


@require_safe
@fresh
def app_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that it may serve both pages."""
    headers = {"Service-Worker-Allowed": "/"}
    return HttpResponse(_worker(), content_type="text/javascript; charset=utf-8", headers=headers)


@cache
def _worker() -> bytes:
    return WORKER.read_bytes()
