"""The product's own settings, in a home that is thrown away, on the database that the run is about."""

from tests import databases

databases.choose()

from valija.settings import *  # noqa: E402, F403
from valija.settings import DATABASES  # noqa: E402

# A file, as in real life: an SQLite in memory has no second connection to race with.
if not databases.on_postgresql():
    DATABASES["default"]["TEST"] = {"NAME": str(databases.home() / "tests.sqlite3")}

# Pages are rendered without having collected the static files; the server's tests do collect them.
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Keys of license files are rolled back with each test; a process that serves keeps them for some seconds.
SIGNING_KEY_KEPT = 0
STATIC_ROOT = databases.home() / "static"
