"""Every text of the product can be read in every language: nothing guessed, no gap lost, and found without gettext."""

from __future__ import annotations

import importlib
import os
import re
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import override, to_locale

from analytics.charts.chart import day
from analytics.words import number
from neuralink_site import catalogues
from neuralink_site.apps import are_stale
from neuralink_site.formats.en import formats as english
from neuralink_site.management.commands.translations import SOURCE_LANGUAGE, translated

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != SOURCE_LANGUAGE]
MOST_WAITING = 0
"""Texts that may wait for a translator: none, or a page speaks two languages."""
MACHINE_FORMATS = {"c", "Y-m-d", "D"}
"""What attributes of HTML take, in every language, and the names of weekdays, which Django translates."""
OWN_FORMAT = re.compile(r"""(?:\|(?:date|time):|date_format\([^\n]*?, )["']([^"']+)["']""")
GAP = re.compile(r"%\([a-z_]+\)[+.\d,]*[a-z]|%%|%[a-z]|{[a-z_%]*[a-z]}|</?[a-z]+[^>]*>")


def catalogue_of(language: str) -> Catalog:
    return catalogues.read(catalogues.SOURCE / to_locale(language) / "LC_MESSAGES" / "django.po")


def texts_of(message: Message) -> tuple[list[str], list[str]]:
    """The texts to translate (singular and plural) and the translations."""
    source = [message.id] if isinstance(message.id, str) else list(message.id)
    done = [message.string] if isinstance(message.string, str) else list(message.string or [])
    return source, done


def gaps(text: str) -> list[str]:
    return sorted(GAP.findall(text))


def objections(message: Message) -> list[str]:
    """What a program or a browser would stumble over in a translation."""
    source, done = texts_of(message)
    said = source[-1]
    found = [f"{said!r} is a guess: look at it, then take the mark away."] if message.fuzzy else []
    for text in done:
        if text and gaps(text) not in [gaps(one) for one in source]:
            found.append(f"{said!r} has the gaps {gaps(said)}, its translation {gaps(text)}.")
        if text and (text.startswith("\n"), text.endswith("\n")) != (said.startswith("\n"), said.endswith("\n")):
            found.append(f"{said!r} begins or ends with a line feed, its translation does not, or the other way.")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_gaps(language: str) -> None:
    assert [text for message in catalogue_of(language) if message.id for text in objections(message)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    there = {message.id: message for message in catalogue_of(language) if message.id}
    waiting = [
        message.id
        for message in catalogues.gathered()
        if message.id and (message.id not in there or not translated(there[message.id].string))
    ]
    assert len(waiting) <= MOST_WAITING, f"`manage.py translations`, then translate: {waiting}"


def test_a_wrong_translation_is_noticed() -> None:
    assert objections(Message("%(n)s of %(all)s", "%(n)s"))
    assert objections(Message("Read {name}", "读取"))
    assert objections(Message("<b>now</b>", "现在"))
    assert objections(Message("now", "现在", flags={"fuzzy"}))
    assert objections(Message(("%(n)s day", "%(n)s days"), ("%(n)s 天",))) == []


def test_texts_are_found_in_code_and_templates() -> None:
    code = "from x import gettext as _\nsaid = _('One') + ngettext('%d day', '%d days', n)\n"
    assert [found[1] for found in catalogues.in_text(code, "a.py")] == ["One", ("%d day", "%d days")]
    page = """<p>{% translate "Two" %}</p>
        {% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"""
    assert [found[1] for found in catalogues.in_text(page, "a.html")] == ["Two", ("%(n)s row", "%(n)s rows")]


def test_translations_are_compiled_where_they_are_newer(tmp_path: Path) -> None:
    catalogues.compile_catalogues(tmp_path)
    made = next(tmp_path.glob("*/LC_MESSAGES/django.mo"))
    assert not are_stale(tmp_path)
    before = made.stat().st_mtime_ns
    catalogues.compile_catalogues(tmp_path)
    assert made.stat().st_mtime_ns == before
    os.utime(made, (0, 0))
    assert are_stale(tmp_path)


def test_pages_speak_chinese() -> None:
    with override("zh-hans"):
        assert str(settings.LANGUAGES[1][1]) == "简体中文"
        assert number(1234567) == "1,234,567"
        from django.utils.translation import gettext

        assert gettext("Learners") == "学习者"


def own_formats(text: str) -> list[str]:
    """Formats of dates that are written out, so that they are the same in every language."""
    return [
        found
        for found in OWN_FORMAT.findall(text)
        if found not in MACHINE_FORMATS and (not found.endswith("_FORMAT") or not hasattr(english, found))
    ]


def test_dates_take_the_formats_of_the_language() -> None:
    assert own_formats("{{ at|date:'j F Y' }}") == ["j F Y"]
    assert own_formats('date_format(at, "M Y")') == ["M Y"]
    assert own_formats('{{ at|date:"NO_SUCH_FORMAT" }}') == ["NO_SUCH_FORMAT"]
    assert own_formats('{{ at|date:"DATE_FORMAT" }} {{ at|date:"c" }}') == []
    files = [*sources("templates", ".html"), *sources("templates", ".txt"), *sources("analytics", ".py")]
    files += sources("recommender", ".py")
    assert files
    wrong = {str(file): own_formats(file.read_text()) for file in files}
    assert {file: found for file, found in wrong.items() if found} == {}


def sources(folder: str, ending: str) -> list[Path]:
    return sorted((settings.BASE_DIR / folder).rglob(f"*{ending}"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_format(language: str) -> None:
    module = importlib.import_module(f"neuralink_site.formats.{to_locale(language)}.formats")
    assert [name for name in vars(english) if name.endswith("_FORMAT") and not hasattr(module, name)] == []


def test_a_date_is_written_as_its_readers_write_it() -> None:
    on = date(2026, 11, 27)
    assert date_format(on, "SHORT_DATE_FORMAT") == "27 Nov 2026"
    assert day(on) == "27 Nov 2026"
    with override("zh-hans"):
        assert date_format(on, "SHORT_DATE_FORMAT") == "2026年11月27日"
        assert date_format(on, "YEAR_MONTH_FORMAT") == "2026年11月"
        assert day(on) == "2026年11月27日"
