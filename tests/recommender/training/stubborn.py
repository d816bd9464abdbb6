"""What a worker starts for a training, with a fit that listens to nobody: one call in C that keeps Python's lock.

Run as `python -m tests.recommender.training.stubborn KIND ID TOKEN`; what stands in STUBBORN is the algorithm.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django


def deaf(*args: Any, **kwargs: Any) -> Any:
    Path(os.environ["STUBBORN_MARK"]).touch()
    return 9 ** (9**9)  # minutes in which no other thread of the process runs


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    django.setup()
    from django.core.management import call_command

    from recommender.algorithms.catalogue import ALGORITHMS, algorithm_class
    from recommender.outcomes.catalogue import predictor_class

    name = os.environ["STUBBORN"]
    owner: Any = algorithm_class(name) if name in ALGORITHMS else predictor_class(name)
    owner.fit = deaf
    call_command("work_under_lease", *sys.argv[1:])
