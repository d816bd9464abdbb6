from analytics.models.api_keys import ApiKey, Scope
from analytics.models.boards import Board, SavedView, Tile
from analytics.models.catalogue import Activity, Kind, Prerequisite
from analytics.models.credentials import Credential, XapiScope, XapiVersion
from analytics.models.documents import Document, DocumentKind
from analytics.models.events import COMPLETING_VERBS, Event, EventKey, Unit, Verb
from analytics.models.explored import ExploredAnswer
from analytics.models.imports import Import, RollBack, RowVerdict, Verdict
from analytics.models.jobs import UNFINISHED, Job, JobQuerySet, JobState
from analytics.models.learner_bits import BLOCK_LEARNERS, ActivityLearners, DayLearners
from analytics.models.organisation import (
    Density,
    Member,
    MemberAction,
    MemberChange,
    Organisation,
    Role,
    Theme,
)
from analytics.models.people import Enrolment, Learner, Outcome
from analytics.models.projection import (
    Fate,
    LearnerIdentity,
    Projection,
    ProjectionPlace,
    StatementFate,
    VerbCount,
    VerbMeaning,
)
from analytics.models.retention import Cleanup, Erasure, RetentionPolicy
from analytics.models.rollups import (
    ActivityDay,
    CourseTotal,
    DirtyDay,
    LearnerDay,
    LearnerTotal,
    OrganisationDay,
    RollupRefresh,
    Spread,
    VerbDay,
)
from analytics.models.statements import ActivityDefinition, Attachment, Statement, StatementLink
from analytics.models.uploads import ColumnMapping, Upload

__all__ = [
    "BLOCK_LEARNERS",
    "COMPLETING_VERBS",
    "UNFINISHED",
    "Activity",
    "ActivityDay",
    "ActivityDefinition",
    "ActivityLearners",
    "ApiKey",
    "Board",
    "Attachment",
    "Cleanup",
    "ColumnMapping",
    "Erasure",
    "RetentionPolicy",
    "CourseTotal",
    "Credential",
    "DayLearners",
    "DirtyDay",
    "Document",
    "DocumentKind",
    "Enrolment",
    "Event",
    "EventKey",
    "ExploredAnswer",
    "Fate",
    "Import",
    "Job",
    "JobQuerySet",
    "JobState",
    "Kind",
    "Learner",
    "LearnerDay",
    "LearnerIdentity",
    "LearnerTotal",
    "Density",
    "Member",
    "MemberAction",
    "MemberChange",
    "Theme",
    "Organisation",
    "OrganisationDay",
    "Outcome",
    "Projection",
    "ProjectionPlace",
    "Role",
    "RollBack",
    "RollupRefresh",
    "RowVerdict",
    "SavedView",
    "Scope",
    "Spread",
    "Statement",
    "StatementFate",
    "StatementLink",
    "Tile",
    "Unit",
    "Upload",
    "Verb",
    "VerbCount",
    "VerbDay",
    "VerbMeaning",
    "Verdict",
    "XapiScope",
    "XapiVersion",
    "Prerequisite",
]
