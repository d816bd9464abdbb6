"""Addresses below /api/: the schema, and what analytics knows. The recommender adds its own to v1."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from analytics.api.activities import ActivityDetail, ActivityList
from analytics.api.credentials import CredentialList, CredentialRevocation
from analytics.api.events import EventList
from analytics.api.explore import ExploreView
from analytics.api.imports import ImportCancellation, ImportDetail, ImportList, ImportRollBack, VerdictList
from analytics.api.keys import KeyList, KeyRevocation
from analytics.api.learners import LearnerDetail, LearnerList
from analytics.api.me import Me
from analytics.api.members import MemberActivation, MemberDeactivation, MemberDetail, MemberLink, MemberList
from analytics.api.statements import StatementExport
from analytics.api.tables import TableDetail
from analytics.api.uploads import UploadDetail, UploadList, UploadLook
from analytics.rest import converters  # noqa: F401  (registers external_id)

v1 = [
    path("me/", Me.as_view(), name="api_me"),
    path("learners/", LearnerList.as_view(), name="api_learners"),
    path("learners/<external_id:external_id>/", LearnerDetail.as_view(), name="api_learner"),
    path("activities/", ActivityList.as_view(), name="api_activities"),
    path("activities/<external_id:external_id>/", ActivityDetail.as_view(), name="api_activity"),
    path("events/", EventList.as_view(), name="api_events"),
    path("tables/<slug:name>/", TableDetail.as_view(), name="api_table"),
    path("explore/", ExploreView.as_view(), name="api_explore"),
    path("uploads/", UploadList.as_view(), name="api_uploads"),
    path("uploads/<int:pk>/", UploadDetail.as_view(), name="api_upload"),
    path("uploads/<int:pk>/look/", UploadLook.as_view(), name="api_upload_look"),
    path("imports/", ImportList.as_view(), name="api_imports"),
    path("imports/<int:pk>/", ImportDetail.as_view(), name="api_import"),
    path("imports/<int:pk>/cancel/", ImportCancellation.as_view(), name="api_import_cancel"),
    path("imports/<int:pk>/roll-back/", ImportRollBack.as_view(), name="api_import_roll_back"),
    path("imports/<int:pk>/verdicts/", VerdictList.as_view(), name="api_verdicts"),
    path("credentials/", CredentialList.as_view(), name="api_credentials"),
    path("credentials/<int:pk>/revoke/", CredentialRevocation.as_view(), name="api_credential_revoke"),
    path("statements/", StatementExport.as_view(), name="api_statements"),
    path("members/", MemberList.as_view(), name="api_members"),
    path("members/<int:pk>/", MemberDetail.as_view(), name="api_member"),
    path("members/<int:pk>/deactivate/", MemberDeactivation.as_view(), name="api_member_deactivate"),
    path("members/<int:pk>/activate/", MemberActivation.as_view(), name="api_member_activate"),
    path("members/<int:pk>/link/", MemberLink.as_view(), name="api_member_link"),
    path("keys/", KeyList.as_view(), name="api_keys"),
    path("keys/<int:pk>/revoke/", KeyRevocation.as_view(), name="api_key_revoke"),
]
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    path("v1/", include(v1)),
]
