"""What stands in the ledger of an import is words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from analytics.web.import_reasons import reason

IMPORTS = Path(__file__).resolve().parents[3] / "analytics" / "imports"
SENTENCES = re.compile(r"_\(|sentence|about\(|str\(error\)|in_circle|(found|known|repeated)$")
"""How what stands behind a code begins: the sentence that is told with it."""


def codes() -> Iterator[str]:
    """Every code that rows are marked with, as the source has it; one about a column with its ending alone."""
    for path in IMPORTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
            for part, behind in zip(parts, parts[1:], strict=False):
                end = part.values[-1] if isinstance(part, ast.JoinedStr) else part
                if not isinstance(end, ast.Constant) or not SENTENCES.match(ast.unparse(behind)):
                    continue
                if isinstance(end.value, str) and re.fullmatch(r"[a-z0-9]*(_[a-z0-9]+)+", end.value):
                    yield end.value if end is part else f"value{end.value}"


def test_every_code_has_words_in_both_languages() -> None:
    found = sorted(set(codes()))
    assert len(found) > 40
    for code in [*found, "already_imported"]:
        assert reason(code) != code.replace("_", " "), code
        with translation.override("zh-hans"):
            assert re.search("[\u4e00-\u9fff]", reason(code)), code


@pytest.mark.parametrize(
    ("code", "words"),
    [("grade_not_a_number", "Grade: no number"), ("at_missing", "Time: missing"), ("some_thing", "some thing")],
)
def test_codes_about_columns(code: str, words: str) -> None:
    assert reason(code) == words
