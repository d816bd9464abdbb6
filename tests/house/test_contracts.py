"""The import contracts of pyproject.toml hold, and each of them breaks when somebody breaks it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT

BREACHES = {
    "analytics/errors.py": "import recommender.apps",
    "analytics/models/organisation.py": "import analytics.public",
    "recommender/models/runs.py": "import recommender.tasks",
    "recommender/history.py": "import analytics.models",
    "recommender/training/start.py": "import analytics.rest",
    "recommender/datasets/interactions.py": "import django",
    "recommender/web/urls.py": "import keras",
}
"""One line per contract, in their order in pyproject.toml."""


def lint_imports(folder: Path) -> tuple[int, str]:
    command = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def contracts(text: str, verdict: str) -> set[str]:
    return set(re.findall(rf"^(.+?) {verdict}(?: \([^)]*\))?$", text, re.MULTILINE))


def test_contracts_hold():
    code, text = lint_imports(ROOT)
    assert code == 0, text
    assert contracts(text, "KEPT")


@pytest.fixture
def broken_copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line in BREACHES.items():
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return tmp_path


def test_every_contract_is_noticed_when_broken(broken_copy):
    code, text = lint_imports(broken_copy)
    names = set(re.findall(r'^name = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)) - {"neuralink"}
    assert code == 1
    assert contracts(text, "BROKEN") == names
