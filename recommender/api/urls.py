"""Addresses below /api/v1/ that the recommender answers."""

from django.urls import path

from analytics.rest import converters  # noqa: F401  (registers external_id)
from recommender.api.cases import WorklistActions, WorklistList
from recommender.api.experiments import (
    ExperimentDetail,
    ExperimentList,
    ExperimentStop,
    ExperimentUseWinner,
    VersionOnline,
)
from recommender.api.interventions import InterventionComparison, InterventionList
from recommender.api.list_exports import (
    BatchRecommendations,
    ListExportCancellation,
    ListExportDetail,
    ListExportFile,
    ListExportList,
)
from recommender.api.list_rules import ListRuleDetail, ListRuleEnd, ListRuleList, ListRulePreview
from recommender.api.proposals import PromotionPolicyView, ProposalList, VersionDecline
from recommender.api.recommendations import (
    FeedbackList,
    PopularActivities,
    Recommendations,
    SessionRecommendations,
    SimilarActivities,
    WhyNotView,
)
from recommender.api.retrain_rules import RetrainRuleDetail, RetrainRuleList
from recommender.api.risk_refreshes import RiskRefreshCancellation, RiskRefreshDetail, RiskRefreshList
from recommender.api.risks import RiskList
from recommender.api.runs import RunCancellation, RunDetail, RunEstimate, RunList
from recommender.api.searches import SearchCancellation, SearchDetail, SearchList
from recommender.api.versions import VersionCard, VersionDetail, VersionList, VersionPromotion, VersionRollBack
from recommender.api.what_if import WhatIf

urlpatterns = [
    path("learners/<external_id:external_id>/recommendations/", Recommendations.as_view(), name="api_recommendations"),
    path(
        "learners/<external_id:external_id>/why-not/<external_id:activity>/", WhyNotView.as_view(), name="api_why_not"
    ),
    path("recommendations/", SessionRecommendations.as_view(), name="api_session_recommendations"),
    path("recommendations/batch/", BatchRecommendations.as_view(), name="api_batch_recommendations"),
    path("recommendations/exports/", ListExportList.as_view(), name="api_list_exports"),
    path("recommendations/exports/<int:pk>/", ListExportDetail.as_view(), name="api_list_export"),
    path("recommendations/exports/<int:pk>/cancel/", ListExportCancellation.as_view(), name="api_list_export_cancel"),
    path("recommendations/exports/<int:pk>/file/", ListExportFile.as_view(), name="api_list_export_file"),
    path("list-rules/", ListRuleList.as_view(), name="api_list_rules"),
    path("list-rules/preview/", ListRulePreview.as_view(), name="api_list_rule_preview"),
    path("list-rules/<int:pk>/", ListRuleDetail.as_view(), name="api_list_rule"),
    path("list-rules/<int:pk>/end/", ListRuleEnd.as_view(), name="api_list_rule_end"),
    path("activities/popular/", PopularActivities.as_view(), name="api_popular"),
    path("activities/<external_id:external_id>/similar/", SimilarActivities.as_view(), name="api_similar"),
    path("feedback/", FeedbackList.as_view(), name="api_feedback"),
    path("risks/", RiskList.as_view(), name="api_risks"),
    path("risk-refreshes/", RiskRefreshList.as_view(), name="api_risk_refreshes"),
    path("risk-refreshes/<int:pk>/", RiskRefreshDetail.as_view(), name="api_risk_refresh"),
    path("risk-refreshes/<int:pk>/cancel/", RiskRefreshCancellation.as_view(), name="api_risk_refresh_cancel"),
    path("risks/what-if/", WhatIf.as_view(), name="api_what_if"),
    path("worklist/", WorklistList.as_view(), name="api_worklist"),
    path("worklist/actions/", WorklistActions.as_view(), name="api_worklist_actions"),
    path("interventions/", InterventionList.as_view(), name="api_interventions"),
    path("interventions/comparison/", InterventionComparison.as_view(), name="api_intervention_comparison"),
    path("runs/", RunList.as_view(), name="api_runs"),
    path("runs/estimate/", RunEstimate.as_view(), name="api_run_estimate"),
    path("runs/<int:pk>/", RunDetail.as_view(), name="api_run"),
    path("runs/<int:pk>/cancel/", RunCancellation.as_view(), name="api_run_cancel"),
    path("retrain-rules/", RetrainRuleList.as_view(), name="api_retrain_rules"),
    path("retrain-rules/<int:pk>/", RetrainRuleDetail.as_view(), name="api_retrain_rule"),
    path("searches/", SearchList.as_view(), name="api_searches"),
    path("searches/<int:pk>/", SearchDetail.as_view(), name="api_search"),
    path("searches/<int:pk>/cancel/", SearchCancellation.as_view(), name="api_search_cancel"),
    path("experiments/", ExperimentList.as_view(), name="api_experiments"),
    path("experiments/<int:pk>/", ExperimentDetail.as_view(), name="api_experiment"),
    path("experiments/<int:pk>/stop/", ExperimentStop.as_view(), name="api_experiment_stop"),
    path("experiments/<int:pk>/use-winner/", ExperimentUseWinner.as_view(), name="api_experiment_use_winner"),
    path("versions/<int:number>/online/", VersionOnline.as_view(), name="api_version_online"),
    path("versions/", VersionList.as_view(), name="api_versions"),
    path("versions/roll-back/", VersionRollBack.as_view(), name="api_version_roll_back"),
    path("versions/<int:number>/", VersionDetail.as_view(), name="api_version"),
    path("versions/<int:number>/card/", VersionCard.as_view(), name="api_version_card"),
    path("versions/<int:number>/decline/", VersionDecline.as_view(), name="api_version_decline"),
    path("proposals/", ProposalList.as_view(), name="api_proposals"),
    path("promotion-policy/", PromotionPolicyView.as_view(), name="api_promotion_policy"),
    path("versions/<int:number>/promote/", VersionPromotion.as_view(), name="api_version_promote"),
]
