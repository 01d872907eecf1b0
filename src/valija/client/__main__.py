"""`python -m valija.client` does what `valija` does."""

import sys

from valija.client.main import main

sys.exit(main())
