"""Sizes, names and words of the files; each rule is also shown a bad sample, to which it must object."""

from __future__ import annotations

import pytest

from tests.house import rules
from tests.house.tree import PACKAGES, ROOT, page_files, python_files, shown

EXAMPLES = {
    rules.too_long: [("a.py", "x = 1\n" * 401), ("a.html", "\n" * 151), ("a.js", "\n" * 201), ("a.css", "\n" * 401)],
    rules.long_functions: [("a.py", "def f():\n" + "    x = 1\n" * 50)],
    rules.names_deep_learning: [("analytics/a.py", f"import {rules.DEEP_LEARNING}")],
    rules.prints: [("a.py", "if True:\n    print('here')\n")],
    rules.bare_copies: [("a.py", "with connection.cursor() as cursor:\n    cursor.copy_expert(sql, file)\n")],
    rules.absolute_paths: [("a.py", "open('/" + "home/ada/notes')"), ("a.py", "root = '/" + "work'")],
    rules.relative_imports: [("a.py", "from . import b")],
    rules.untranslated: [
        ("a.html", "<p>Nothing here yet</p>"),
        ("a.html", '<a title="Open it">{% translate "Open" %}</a>'),
        ("a.html", "{% if rows %}Rows{% endif %}"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "name", "text"), [(rule, *sample) for rule, samples in EXAMPLES.items() for sample in samples]
)
def test_every_rule_objects_to_a_bad_sample(rule, name, text):
    assert rule(name, text)


GOOD_TEMPLATE = """{# a remark #}<p class="quiet">{% translate "Nothing yet" %} &middot; {{ n }}</p>
{% blocktranslate %}<b>{{ n }}</b> learners{% endblocktranslate %}<script>let shown = "no";</script>"""


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (rules.too_long, "a.py", "x = 1\n" * 400),
        (rules.long_functions, "a.py", "def f():\n" + "    x = 1\n" * 49),
        (rules.names_deep_learning, "recommender/algorithms/neural/a.py", f"import {rules.DEEP_LEARNING}"),
        (rules.prints, "a.py", "self.stdout.write('here')"),
        (rules.bare_copies, "a.py", "with connection.wrap_database_errors:\n    cursor.copy_expert(sql, file)\n"),
        (rules.absolute_paths, "a.py", "homework / 'x'"),
        (rules.untranslated, "a.html", GOOD_TEMPLATE),
    ],
)
def test_no_rule_objects_to_a_good_sample(rule, name, text):
    assert rule(name, text) == []


def objections(rule, paths):
    return [objection for path in paths for objection in rule(shown(path), path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("rule", [rules.too_long, rules.absolute_paths])
def test_every_file(rule):
    assert objections(rule, [*python_files(), *page_files()]) == []


@pytest.mark.parametrize("rule", [rules.long_functions, rules.relative_imports, rules.names_deep_learning])
def test_every_python_file(rule):
    assert objections(rule, python_files()) == []


def test_pages_do_not_name_deep_learning():
    assert objections(rules.names_deep_learning, page_files()) == []


def test_the_product_prints_nothing():
    assert objections(rules.prints, python_files(*PACKAGES)) == []


def test_what_fails_while_copying_is_told_as_by_any_query():
    assert objections(rules.bare_copies, python_files(*PACKAGES)) == []


def test_every_template_can_be_translated():
    assert objections(rules.untranslated, sorted((ROOT / "templates").rglob("*.html"))) == []


def test_modules_say_what_they_do():
    assert rules.vague_module("analytics/utils.py")
    assert [objection for path in python_files() for objection in rules.vague_module(shown(path))] == []
