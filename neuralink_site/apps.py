"""The site as a Django application."""

import importlib

from django.apps import AppConfig


class NeuralinkSiteConfig(AppConfig):
    name = "neuralink_site"

    def ready(self) -> None:
        # Whoever sends a task needs the configured Celery application, web processes and commands included.
        importlib.import_module("neuralink_site.celery")
