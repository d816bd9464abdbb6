"""What a web process loads: nothing that trains or takes in files, and little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.house.rules import DEEP_LEARNING
from tests.house.tree import ROOT

FORBIDDEN = {DEEP_LEARNING, "keras", "jax", "pyspark", "pandas"}
MOST_BYTES = 300 * 2**20
PROGRAM = """
import json, re, sys
from pathlib import Path
import neuralink_site.wsgi
from django.urls import get_resolver, reverse

def visit(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            visit(pattern.url_patterns)
        else:
            assert callable(pattern.callback)

visit(get_resolver().url_patterns)
{extra}
# Not getrusage: its peak begins with that of the process which started this one.
status = Path("/proc/self/status")
kibibytes = re.search(r"VmHWM:\\s+(\\d+)", status.read_text()).group(1) if status.exists() else 0
sys.stdout.write(json.dumps([sorted({{name.partition(".")[0] for name in sys.modules}}), int(kibibytes) * 1024]))
"""


def web_process(extra: str = "") -> tuple[set[str], int]:
    """Top-level modules of a web process that knows every address, and its peak memory in bytes (0 if not on Linux)."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(extra=extra)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "neuralink_site.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules, peak_bytes = json.loads(done.stdout)
    return set(modules), peak_bytes


def test_the_web_process_stays_light():
    modules, peak_bytes = web_process()
    assert modules & FORBIDDEN == set()
    assert peak_bytes < MOST_BYTES


def test_a_forbidden_module_is_noticed():
    modules, _ = web_process('sys.modules["keras"] = sys')
    assert modules & FORBIDDEN == {"keras"}


def test_views_are_loaded_before_a_server_forks_and_never_collected():
    program = (
        "import gc, sys, neuralink_site.wsgi\n"
        "assert 'recommender.api.recommendations' in sys.modules and 'analytics.web' in sys.modules\n"
        "assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
