from recommender.models.impressions import REFUSING_ACTIONS, Feedback, FeedbackAction, Impression
from recommender.models.risks import Confidence, Risk, RiskRefresh
from recommender.models.runs import Promotion, PromotionAction, Run, TargetKind, Version

__all__ = [
    "Confidence",
    "Feedback",
    "FeedbackAction",
    "Impression",
    "Promotion",
    "PromotionAction",
    "REFUSING_ACTIONS",
    "Risk",
    "RiskRefresh",
    "Run",
    "TargetKind",
    "Version",
]
