"""The site as a Django application."""

import importlib
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class NeuralinkSiteConfig(AppConfig):
    name = "neuralink_site"

    def ready(self) -> None:
        # Whoever sends a task needs the configured Celery application, web processes and commands included.
        importlib.import_module("neuralink_site.celery")
        if are_stale(Path(settings.LOCALE_PATHS[0])):
            importlib.import_module("neuralink_site.catalogues").compile_catalogues(Path(settings.LOCALE_PATHS[0]))


def are_stale(compiled: Path) -> bool:
    """True if a translation is newer than what gettext would read; tells without importing Babel."""
    source = Path(__file__).parent / "locale"
    pairs = [(po, compiled / po.relative_to(source).with_suffix(".mo")) for po in source.glob("*/*/*.po")]
    return any(not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns for po, mo in pairs)
