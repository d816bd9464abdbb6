"""Addresses of the recommender's pages, and of the fragments that other pages embed."""

from django.urls import path

from recommender.web import recommendations, runs, versions

urlpatterns = [
    path("runs/", runs.run_list, name="run_list"),
    path("runs/new/", runs.run_new, name="run_new"),
    path("runs/<int:pk>/", runs.run_page, name="run_page"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run_cancel"),
    path("versions/", versions.version_list, name="version_list"),
    path("versions/log/", versions.promotion_list, name="promotion_list"),
    path("versions/<int:pk>/", versions.version_page, name="version_page"),
    path("versions/<int:pk>/promote/", versions.version_promote, name="version_promote"),
    path("versions/<int:pk>/roll-back/", versions.version_roll_back, name="version_roll_back"),
    path("learners/<int:pk>/recommendations/", recommendations.learner_recommendations, name="learner_recommendations"),
    path("recommendations/feedback/", recommendations.recommendation_feedback, name="recommendation_feedback"),
]
