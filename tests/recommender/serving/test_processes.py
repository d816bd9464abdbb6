"""A process that serves never loads what trains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import recommender.serving.recommend, recommender.serving.feedback, recommender.training.start
from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class
for name in ALGORITHMS:
    algorithm_class(name)
heavy = [name for name in ("tensor" "flow", "keras", "pandas", "jax") if name in sys.modules]
sys.exit(f"loaded: {heavy}" if heavy else 0)
"""


def test_serving_and_all_addresses_load_no_training_framework() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
