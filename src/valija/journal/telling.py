"""An entry as programs read it: the same in the API, in webhooks and in exports."""

from typing import Any

from valija.core import facts
from valija.journal.models import Entry


def told(entry: Entry) -> dict[str, Any]:
    """All of an entry: `event` and keys for programs, `sentence` and `data` in the active language."""
    return {
        "id": str(entry.pk),
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "event": entry.event,
        "sentence": entry.sentence,
        "data": facts.shown(entry.data),
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "label": entry.actor_label},
        "about": {"kind": entry.object_kind, "id": entry.object_id},
        "user": entry.subject_id,
        "through": entry.through,
        "address": entry.address,
        "browser": entry.browser,
        "request_id": entry.request_id,
    }
