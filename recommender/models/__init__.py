from recommender.models.impressions import REFUSING_ACTIONS, Feedback, FeedbackAction, Impression
from recommender.models.runs import Promotion, PromotionAction, Run, TargetKind, Version

__all__ = [
    "REFUSING_ACTIONS",
    "Feedback",
    "FeedbackAction",
    "Impression",
    "Promotion",
    "PromotionAction",
    "Run",
    "TargetKind",
    "Version",
]
