"""The entry point of web servers."""

import os

from django.core.wsgi import get_wsgi_application

# Requests are what runs side by side: threads of one product of vectors would only take the cores from other requests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
application = get_wsgi_application()
