"""The only door of analytics for the recommender (DESIGN 2): what it may read, and the bases it shares."""

from analytics.access import MemberRequest, member_of, roles_required
from analytics.errors import InvalidInput, JobCancelled, LeaseLost, NeuralinkError
from analytics.jobs import Lease, sweep, wake, working_on
from analytics.models import (
    COMPLETING_VERBS,
    Activity,
    ActivityDay,
    Enrolment,
    Event,
    Import,
    Job,
    JobState,
    Kind,
    Learner,
    LearnerTotal,
    Member,
    Organisation,
    OrganisationDay,
    Outcome,
    Role,
    Scope,
)
from analytics.words import number, percent

__all__ = [
    "COMPLETING_VERBS",
    "Activity",
    "ActivityDay",
    "Enrolment",
    "Event",
    "Import",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobState",
    "Kind",
    "Learner",
    "LearnerTotal",
    "Lease",
    "LeaseLost",
    "Member",
    "MemberRequest",
    "NeuralinkError",
    "Organisation",
    "OrganisationDay",
    "Outcome",
    "Role",
    "Scope",
    "member_of",
    "number",
    "percent",
    "roles_required",
    "sweep",
    "wake",
    "working_on",
]
