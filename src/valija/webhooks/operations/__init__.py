"""What can be done with webhooks, and how they are delivered."""

from valija.webhooks.operations.delivering import (
    KEPT,
    REST_AT_MOST,
    deliver_due,
    forget_deliveries,
    take_turn,
)
from valija.webhooks.operations.endpoints import (
    MOST,
    SECRET_OVERLAPS,
    EventsNotValid,
    TooManyWebhooks,
    WebhookAddressNotValid,
    WebhookIsOff,
    add_webhook,
    change_webhook,
    disable_webhook,
    enable_webhook,
    remove_webhook,
    replay_delivery,
    rotate_webhook_secret,
    test_webhook,
)
