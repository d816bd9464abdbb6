"""Every page as a signed-in member gets it from the web server, whole and compressed: seconds until its last byte.

The pages are those of `manage.py screenshots`, with the rows that have most to show. Beside each stands `/healthz` on
the same server, which touches nothing: what HTTP itself costs.
"""

import argparse
import os
import time
from collections.abc import Iterator
from urllib.request import Request, urlopen

import numpy as np

from bench.record import Measurement
from bench.train import prepare
from bench.web import web_server

QUICK = ("--requests", "10")
WARM_UP = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="academy", help="its slug")
    parser.add_argument("--requests", type=int, default=30, help="of each page")


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    prepare(arguments.organisation)
    from django.conf import settings

    from neuralink_site.first_start import collect_static
    from neuralink_site.management.commands.screenshots import organisation_of, sessions_of, shots_of

    collect_static()
    organisation = organisation_of(arguments.organisation)
    shots = [shot for shot in shots_of(organisation) if shot.role is not None and shot.name != "not-found"]
    with sessions_of(organisation) as sessions, web_server(os.environ.copy(), 1) as (port, _process):
        address = f"http://127.0.0.1:{port}"
        floor = float(np.median(_milliseconds(f"{address}/healthz", {}, arguments.requests)))
        for shot in shots:
            case = f"{organisation.slug}/{shot.name}"
            if shot.role not in sessions or (arguments.case and case not in arguments.case):
                continue
            cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={sessions[shot.role]}", "Accept-Encoding": "gzip"}
            taken = _milliseconds(f"{address}{shot.path}", cookie, arguments.requests)
            for percentile in (50, 95):
                value = float(np.percentile(taken, percentile))
                yield Measurement("pages", case, f"p{percentile}_ms", value, "ms", "healthz", floor)


def _milliseconds(address: str, headers: dict[str, str], n: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Of each of n requests after the first ones, which load templates."""
    taken = []
    for _request in range(n + WARM_UP):
        begun = time.perf_counter()
        with urlopen(Request(address, headers=headers), timeout=60) as answer:  # noqa: S310 (our own server)
            answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
    return np.array(taken[WARM_UP:])
