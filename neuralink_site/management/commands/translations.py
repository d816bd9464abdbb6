"""`manage.py translations`: take new texts into the .po files, and say what waits for a translator."""

from __future__ import annotations

from typing import Any

from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import to_locale

from neuralink_site.catalogues import SOURCE, gathered, read, write

SOURCE_LANGUAGE = "en"


class Command(BaseCommand):
    help = "Gather all texts, update neuralink_site/locale/*/LC_MESSAGES/django.po, and count what is not translated."

    def handle(self, *args: Any, **options: Any) -> None:
        texts = gathered()
        for code, _name in settings.LANGUAGES:
            if code == SOURCE_LANGUAGE:
                continue
            po = SOURCE / to_locale(code) / "LC_MESSAGES" / "django.po"
            catalogue = read(po) if po.exists() else Catalog(to_locale(code), project="Neuralink", fuzzy=False)
            # A guess is never right by itself: texts that changed wait for a translator.
            catalogue.update(texts, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            write(catalogue, po)
            waiting = [message.id for message in catalogue if message.id and not translated(message.string)]
            self.stdout.write(f"{to_locale(code)}: {len(catalogue)} texts, {len(waiting)} to translate")
            for text in waiting:
                self.stdout.write(f"  {text if isinstance(text, str) else text[0]!r}")


def translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    return all((text,) if isinstance(text, str) else text or ("",))
