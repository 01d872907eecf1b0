"""The one settings file. What an operator can set is in `core/env.py`; everything else is decided here."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.csp import CSP

from valija.core import env
from valija.jobs import schedule

HOME = env.home()
URL = env.URL.read().rstrip("/")
SECRET_KEY = env.secret_key()
DEBUG = False
PROVIDER_NAME = env.PROVIDER_NAME.read()
PAYMENT_PROVIDER = env.PAYMENT_PROVIDER.read()
DNS_SERVER = env.DNS_SERVER.read()
WEBHOOK_NETWORKS = [network.strip() for network in env.WEBHOOK_NETWORKS.read().split(",") if network.strip()]
TRUSTED_PROXIES = [proxy.strip() for proxy in env.TRUSTED_PROXIES.read().split(",") if proxy.strip()]

OFFLINE_GRACE = timedelta(days=float(env.OFFLINE_GRACE.read()))
SIGNING_KEY_KEPT = 30  # seconds for which a process does not ask whether the key was rotated

_url = urlsplit(URL)
SECURE = _url.scheme == "https"
# On one machine people say localhost or 127.0.0.1; elsewhere the public name alone is answered.
ALLOWED_HOSTS = [_url.hostname or "localhost"] + ([] if SECURE else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_ox",
    "valija.journal",
    "valija.mail",
    "valija.accounts",
    "valija.domains",
    "valija.licensing",
    "valija.billing",
    "valija.webhooks",
    "valija.billing.providers.test",
    "valija.web",
    "valija.api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "valija.web.access.PersonMiddleware",
    "valija.web.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "valija.web.access.ActorMiddleware",
    "valija.web.errors.RefusalMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "valija.urls"
WSGI_APPLICATION = "valija.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "valija.web.context.everywhere",
            ],
        },
    }
]

# The database

_database = urlsplit(env.DATABASE_URL.read())
DATABASES: dict[str, dict[str, Any]]
if _database.scheme:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(_database.path.lstrip("/")),
            "USER": unquote(_database.username or ""),
            "PASSWORD": unquote(_database.password or ""),
            "HOST": unquote(_database.hostname or ""),
            "PORT": str(_database.port or ""),
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 16, "timeout": 10}},
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "valija.core.sqlite",
            "NAME": str(HOME / "valija.sqlite3"),
            "CONN_MAX_AGE": None,  # opening the file anew for every request took a tenth of a page's time
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Work in the background

TASKS = {
    "default": {
        "BACKEND": "django_ox.backend.OxBackend",
        "QUEUES": [],
        "OPTIONS": {"SCHEDULES": schedule.SCHEDULES},
    }
}
_redis = env.CACHE_URL.read()
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _redis}
    if _redis
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Mail

MAIL_FROM = env.MAIL_FROM.read()
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
_smtp = urlsplit(env.SMTP_URL.read())
MAIL_LEAVES = bool(_smtp.scheme)
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _smtp.hostname or "localhost",
            "port": _smtp.port or (465 if _smtp.scheme == "smtps" else 25),
            "username": unquote(_smtp.username or ""),
            "password": unquote(_smtp.password or ""),
            "use_ssl": _smtp.scheme == "smtps",
            "use_tls": _smtp.scheme == "smtp+starttls",
            "timeout": 10,
        },
    }
}

# Signing in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "show_sign_in"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "valija.web.sign_in.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the sign-in itself goes by e-mail
SESSION_ENGINE = "valija.accounts.sessions"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "valija.web.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# What browsers are told

SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# Languages, times, files

LANGUAGE_CODE = "es"
LANGUAGES = [("es", "Español"), ("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_MAX_AGE = 60
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.LOG_LEVEL.read()},
    # Refusals are answers, not news.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django_ox": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
