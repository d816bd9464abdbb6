"""All addresses: pages at the top, the API below /api/, health beside them."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("analytics.api.urls")),
    path("api/v1/", include("recommender.api.urls")),
    path("", include("recommender.web.urls")),
    path("", include("analytics.web.urls")),
]
