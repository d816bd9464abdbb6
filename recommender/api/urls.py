"""Addresses below /api/v1/ that the recommender answers."""

from django.urls import path

from analytics.rest import converters  # noqa: F401  (registers external_id)
from recommender.api.recommendations import FeedbackList, Recommendations
from recommender.api.runs import RunCancellation, RunDetail, RunList
from recommender.api.versions import VersionDetail, VersionList, VersionPromotion, VersionRollBack

urlpatterns = [
    path("learners/<external_id:external_id>/recommendations/", Recommendations.as_view(), name="api_recommendations"),
    path("feedback/", FeedbackList.as_view(), name="api_feedback"),
    path("runs/", RunList.as_view(), name="api_runs"),
    path("runs/<int:pk>/", RunDetail.as_view(), name="api_run"),
    path("runs/<int:pk>/cancel/", RunCancellation.as_view(), name="api_run_cancel"),
    path("versions/", VersionList.as_view(), name="api_versions"),
    path("versions/roll-back/", VersionRollBack.as_view(), name="api_version_roll_back"),
    path("versions/<int:number>/", VersionDetail.as_view(), name="api_version"),
    path("versions/<int:number>/promote/", VersionPromotion.as_view(), name="api_version_promote"),
]
