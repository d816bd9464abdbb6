"""axe-core, the usual judge of accessibility, from npm: fetched once into the data folder, never kept with the code."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

VERSION = "4.14.1"
FOLDER = Path(settings.HOME) / ".scratch" / f"axe-core-{VERSION}"
"""Read before any test puts another data folder there."""
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
INSTALL_SECONDS = 120
ASK = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    const said = (node) => node.any.concat(node.all, node.none).map((check) => check.message).join("; ");
    const line = (rule, node) => `${rule.id} at ${node.target.join(" ")}: ${said(node)}`;
    return found.violations.flatMap((rule) => rule.nodes.map((node) => line(rule, node)));
}"""


def axe_script() -> str:
    """The text of the library; the test is skipped with a sentence where it cannot be had."""
    if not SCRIPT.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("There is no npm on this machine, and axe-core comes from there.")
        _install(npm)
    return SCRIPT.read_text(encoding="utf-8")


def _install(npm: str) -> None:
    """Into a folder of its own that is renamed: two test processes may install at the same time."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as made:
        command = [npm, "install", "--prefix", made, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run([*command, f"axe-core@{VERSION}"], check=True, capture_output=True, timeout=INSTALL_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm did not bring axe-core: {error}")
        if not FOLDER.exists():
            os.rename(made, FOLDER)
            os.mkdir(made)  # for the temporary folder's own end


def violations(page: Any, script: str) -> list[str]:
    """What axe-core objects to on the page as it stands now; empty is good."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(script)
    found: list[str] = page.evaluate(ASK)
    return found
