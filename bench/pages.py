"""Every page and fragment as a signed-in member gets it from the web server, compressed: ms until its last byte.

The pages are those of `manage.py screenshots`, with the rows that have most to show; the fragments those that they
load. Beside each stands `/healthz` on the same server, which touches nothing: what HTTP costs. `--browser` opens
each page in Chromium as well, with an empty cache: its largest paint, its layout shift, and the bytes transferred.
`slowest_query_ms` is the slowest statement of a page in the database, in the worst of its periods, tabs and orders, as
is told on the way; wanted is less than 50.
"""

import argparse
import gzip
import os
import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.request import Request, urlopen

import numpy as np

from bench.page_queries import more_shots, slowest
from bench.record import Measurement
from bench.train import prepare
from bench.web import web_server

QUICK = ("--requests", "10")
WARM_UP = 2
LOADED = re.compile(r'hx-get="([^"]+)" hx-trigger="load"')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="academy", help="its slug")
    parser.add_argument("--requests", type=int, default=30, help="of each page")
    parser.add_argument("--asked", type=int, default=3, help="times that each page is asked for its statements")
    parser.add_argument("--browser", action="store_true", help="in Chromium too: paint, shift and bytes")


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    prepare(arguments.organisation)
    from django.conf import settings

    from neuralink_site.first_start import collect_static
    from neuralink_site.management.commands.screenshots import organisation_of, sessions_of, shots_of

    collect_static()
    organisation = organisation_of(arguments.organisation)
    further = more_shots(organisation)
    found = [*shots_of(organisation), *further]
    shots = [shot for shot in found if shot.role is not None and shot.name != "not-found"]
    with sessions_of(organisation) as sessions, web_server(os.environ.copy(), 1) as (port, _process):
        address = f"http://127.0.0.1:{port}"
        floor = float(np.median(_milliseconds(f"{address}/healthz", {}, arguments.requests)))
        chosen = [shot for shot in shots if shot.role in sessions and _is_asked(arguments, organisation, shot)]
        for shot in chosen:
            cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={sessions[shot.role]}", "Accept-Encoding": "gzip"}
            for case, path in _with_fragments(address, shot, cookie):
                taken = _milliseconds(f"{address}{path}", cookie, arguments.requests)
                for percentile in (50, 95):
                    value = float(np.percentile(taken, percentile))
                    name = f"{organisation.slug}/{case}"
                    yield Measurement("pages", name, f"p{percentile}_ms", value, "ms", "healthz", floor)
            session = {settings.SESSION_COOKIE_NAME: sessions[shot.role]}
            yield from slowest(f"{organisation.slug}/{shot.name}", shot.path, session, arguments.asked)
        if arguments.browser:
            from bench.browser import seen_in_chromium

            pages = [shot for shot in chosen if shot not in further]
            for shot, seen in seen_in_chromium(address, pages, sessions):
                for measure_name, value, unit in seen:
                    yield Measurement("pages", f"{organisation.slug}/{shot.name}", measure_name, value, unit)


def _is_asked(arguments: argparse.Namespace, organisation: Any, shot: Any) -> bool:
    return not arguments.case or f"{organisation.slug}/{shot.name}" in arguments.case


def _with_fragments(address: str, shot: Any, headers: dict[str, str]) -> list[tuple[str, str]]:
    """Case and path of the page, and of each fragment that it asks for as soon as it is there."""
    with urlopen(Request(f"{address}{shot.path}", headers=headers), timeout=60) as answer:  # noqa: S310 (our own server)
        text = gzip.decompress(answer.read()) if answer.headers["Content-Encoding"] == "gzip" else answer.read()
    paths = dict.fromkeys(unescape(path) for path in LOADED.findall(text.decode()))
    named = [(f"{shot.name}#{path.partition('?')[0].strip('/').rpartition('/')[2]}", path) for path in paths]
    return [(shot.name, shot.path), *named]


def _milliseconds(address: str, headers: dict[str, str], n: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Of each of n requests after the first ones, which load templates."""
    taken = []
    for _request in range(n + WARM_UP):
        begun = time.perf_counter()
        with urlopen(Request(address, headers=headers), timeout=60) as answer:  # noqa: S310 (our own server)
            answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
    return np.array(taken[WARM_UP:])
