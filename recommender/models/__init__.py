from recommender.models.impressions import REFUSING_ACTIONS, Feedback, FeedbackAction, Impression
from recommender.models.list_exports import ListExport, ListFormat
from recommender.models.list_rules import FACTORS, Effect, ListRule
from recommender.models.online import Experiment, OnlineDay, OnlineMeasure
from recommender.models.proposals import AfterGate, Decision, PromotionPolicy, Proposal
from recommender.models.risks import Confidence, Risk, RiskRefresh
from recommender.models.rules import RetrainRule
from recommender.models.runs import (
    RECOMMENDED,
    RECOMMENDED_CHOICES,
    Promotion,
    PromotionAction,
    Run,
    TargetKind,
    Version,
)
from recommender.models.searches import Search
from recommender.models.worklist import (
    CONTACTING_KINDS,
    Case,
    Intervention,
    InterventionKind,
    LearnerView,
    Mail,
    MessageTemplate,
    OutcomePolicy,
)

__all__ = [
    "FACTORS",
    "RECOMMENDED",
    "RECOMMENDED_CHOICES",
    "CONTACTING_KINDS",
    "REFUSING_ACTIONS",
    "AfterGate",
    "Case",
    "Confidence",
    "Decision",
    "Effect",
    "Experiment",
    "Feedback",
    "FeedbackAction",
    "Impression",
    "Intervention",
    "InterventionKind",
    "LearnerView",
    "ListExport",
    "ListFormat",
    "ListRule",
    "Mail",
    "MessageTemplate",
    "OnlineDay",
    "OnlineMeasure",
    "OutcomePolicy",
    "Promotion",
    "PromotionAction",
    "PromotionPolicy",
    "Proposal",
    "RetrainRule",
    "Risk",
    "RiskRefresh",
    "Run",
    "Search",
    "TargetKind",
    "Version",
]
