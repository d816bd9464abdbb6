"""The site with one more address: a view that reads one precomputed row, through the same framework.

`DJANGO_SETTINGS_MODULE=bench.serve_settings` serves it. What it costs is what any answer of the API costs at least.
"""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.models import Learner, Role, Scope
from analytics.rest import converters  # noqa: F401  (registers external_id)
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView
from neuralink_site.urls import urlpatterns as of_the_site


class Precomputed(ApiView):
    access = {"GET": Access(Scope.RECOMMENDATIONS_READ, tuple(Role))}
    queryset = Learner.objects.all()

    def get(self, request: Request, external_id: str) -> Response:
        return Response(self.found(self.get_queryset(), external_id=external_id).attributes)


peer = path("api/v1/learners/<external_id:external_id>/precomputed/", Precomputed.as_view())
urlpatterns = [peer, *of_the_site]
