"""Settings of the site that is measured: its own, and the address of the peer."""

from neuralink_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.serve_peer"
