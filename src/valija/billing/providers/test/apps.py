from django.apps import AppConfig


class TestProvider(AppConfig):
    name = "valija.billing.providers.test"
    label = "test_provider"
