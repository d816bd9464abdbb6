"""Addresses below /api/v1/ that the recommender answers."""

from django.urls import path

from analytics.rest import converters  # noqa: F401  (registers external_id)
from recommender.api.versions import VersionDetail, VersionList, VersionPromotion, VersionRollBack

urlpatterns = [
    path("versions/", VersionList.as_view(), name="api_versions"),
    path("versions/roll-back/", VersionRollBack.as_view(), name="api_version_roll_back"),
    path("versions/<int:number>/", VersionDetail.as_view(), name="api_version"),
    path("versions/<int:number>/promote/", VersionPromotion.as_view(), name="api_version_promote"),
]
