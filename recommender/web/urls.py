"""Addresses of the recommender's pages, and of the fragments that other pages embed."""

from django.urls import path

from recommender.web import (
    interventions,
    messages_new,
    policy,
    recommendations,
    risk,
    runs,
    searches,
    versions,
    worklist,
)

urlpatterns = [
    path("runs/", runs.run_list, name="run_list"),
    path("runs/new/", runs.run_new, name="run_new"),
    path("runs/<int:pk>/", runs.run_page, name="run_page"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run_cancel"),
    path("searches/", searches.search_list, name="search_list"),
    path("searches/<int:pk>/", searches.search_page, name="search_page"),
    path("searches/<int:pk>/cancel/", searches.search_cancel, name="search_cancel"),
    path("versions/", versions.version_list, name="version_list"),
    path("versions/log/", versions.promotion_list, name="promotion_list"),
    path("versions/<int:pk>/", versions.version_page, name="version_page"),
    path("versions/<int:pk>/promote/", versions.version_promote, name="version_promote"),
    path("versions/<int:pk>/roll-back/", versions.version_roll_back, name="version_roll_back"),
    path("learners/<int:pk>/recommendations/", recommendations.learner_recommendations, name="learner_recommendations"),
    path("learners/<int:pk>/risk/", risk.learner_risk, name="learner_risk"),
    path("courses/<int:pk>/risk/", risk.course_risk, name="course_risk"),
    path("courses/<int:pk>/risk/summary/", risk.course_risk_summary, name="course_risk_summary"),
    path("overview/risk/", risk.risk_summary, name="risk_summary"),
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/act/", worklist.worklist_act, name="worklist_act"),
    path("worklist/message/", messages_new.message_new, name="message_new"),
    path("worklist/digest/", worklist.digest_preview, name="digest_preview"),
    path("interventions/", interventions.intervention_list, name="intervention_list"),
    path("interventions/comparison/", interventions.intervention_comparison, name="intervention_comparison"),
    path("interventions/mails/<int:pk>/again/", interventions.mail_again, name="mail_again"),
    path("outcome-policy/", policy.outcome_policy, name="outcome_policy"),
    path("outcome-policy/new-text/", policy.message_template_new, name="message_template_new"),
    path("outcome-policy/texts/<slug:key>/", policy.message_template, name="message_template"),
    path("outcome-policy/texts/<slug:key>/remove/", policy.message_template_remove, name="message_template_remove"),
    path("recommendations/feedback/", recommendations.recommendation_feedback, name="recommendation_feedback"),
]
