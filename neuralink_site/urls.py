"""All addresses: pages at the top, the API below /api/, health beside them."""

from django.contrib import admin
from django.urls import include, path

from analytics.rest.handlers import unknown_address
from neuralink_site.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    # The recommender's come first: learners/<external id>/ would swallow learners/<external id>/recommendations/.
    path("api/v1/", include("recommender.api.urls")),
    path("api/", include("analytics.api.urls")),
    path("api/<path:rest>", unknown_address),
    path("xapi/", include("analytics.api.xapi.urls")),
    path("", include("recommender.web.urls")),
    path("", include("analytics.web.urls")),
]
handler400 = "analytics.rest.handlers.bad_request"
handler403 = "analytics.rest.handlers.permission_denied"
handler404 = "analytics.rest.handlers.page_not_found"
handler500 = "analytics.rest.handlers.server_error"
