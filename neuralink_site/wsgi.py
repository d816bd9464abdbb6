"""The entry point of web servers."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

# Requests are what runs side by side: threads of one product of vectors would only take the cores from other requests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
application = get_wsgi_application()
# With all views, before a server forks: otherwise the first request to each process waits for them, and each keeps its
# own. What is there by now stays, so that the collector neither searches it in some request nor writes to shared pages.
list(get_resolver().url_patterns)
gc.collect()
gc.freeze()
