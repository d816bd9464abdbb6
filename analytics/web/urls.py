"""Addresses of the pages of analytics."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from analytics.web import (
    courses,
    credentials,
    identities,
    import_list,
    import_new,
    import_page,
    learners,
    overview,
    own,
    sign_in,
    statements,
    upload_page,
)

urlpatterns = [
    path("", sign_in.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign_in"),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
    path("organisations/", sign_in.choose, name="choose_organisation"),
    path("overview/", overview.overview, name="overview"),
    path("courses/", courses.course_list, name="course_list"),
    path("courses/<int:pk>/", courses.course_page, name="course_page"),
    path("courses/<int:pk>/reach/", courses.course_reach, name="course_reach"),
    path("learners/", learners.learner_list, name="learner_list"),
    path("learners/<int:pk>/", learners.learner_page, name="learner_page"),
    path("imports/", import_list.import_list, name="import_list"),
    path("imports/new/", import_new.import_new, name="import_new"),
    path("imports/uploads/<int:pk>/", upload_page.upload_page, name="upload_page"),
    path("imports/uploads/<int:pk>/delete/", upload_page.upload_delete, name="upload_delete"),
    path("imports/<int:pk>/", import_page.import_page, name="import_page"),
    path("imports/<int:pk>/progress/", import_page.import_progress, name="import_progress"),
    path("imports/<int:pk>/rejected.csv", import_page.import_rejected, name="import_rejected"),
    path("imports/<int:pk>/again/", import_page.import_again, name="import_again"),
    path("imports/<int:pk>/cancel/", import_page.import_cancel, name="import_cancel"),
    path("imports/<int:pk>/roll-back/", import_page.import_roll_back, name="import_roll_back"),
    path("statements/", statements.statement_list, name="statement_list"),
    path("statements/export.jsonl", statements.statement_export, name="statement_export"),
    path("statements/meaning/", statements.verb_meaning, name="verb_meaning"),
    path("statements/identities/", identities.identity_list, name="identity_list"),
    path("statements/merge/", identities.learner_merge, name="learner_merge"),
    path("statements/credentials/", credentials.credential_list, name="credential_list"),
    path("statements/credentials/<int:pk>/revoke/", credentials.credential_revoke, name="credential_revoke"),
    path("my/", own.my_learning, name="my_learning"),
    path("my/data.json", own.my_data, name="my_data"),
]
