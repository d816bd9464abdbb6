"""The only door of analytics for the recommender (DESIGN 2): what it may read, and the bases it shares."""

from analytics.access import MemberRequest, member_of, roles_required
from analytics.attention import Attention
from analytics.errors import InvalidInput, JobCancelled, LeaseLost, NeuralinkError
from analytics.jobs import Lease, continuing, sweep, wake, working_on
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
    LearnerDay,
    LearnerTotal,
    Member,
    Organisation,
    OrganisationDay,
    Outcome,
    Prerequisite,
    Role,
    Scope,
    Unit,
    Verb,
)
from analytics.models.masking import masks_learners
from analytics.prepared import Prepared
from analytics.retention import Kept, add_kept, in_batches
from analytics.retention.erasure import add_step as add_erasing_step
from analytics.retention.stored import add_stored
from analytics.tables.catalogue import add_table, extend_table
from analytics.tables.columns import Form, TableColumn, TableFilter, field_filter, learner_columns, when, who
from analytics.tables.columns import Scope as TableScope
from analytics.tables.export import csv_lines
from analytics.tables.imports import took
from analytics.tables.learners import COURSE_FILTER
from analytics.tables.page import list_page, table_page, wants_fragment, with_address
from analytics.tables.query import TableQuery
from analytics.tables.table import Table
from analytics.tables.viewer import Viewer
from analytics.words import chance, duration, full_stop, number, percent

__all__ = [
    "COMPLETING_VERBS",
    "COURSE_FILTER",
    "Attention",
    "Activity",
    "ActivityDay",
    "Enrolment",
    "Event",
    "Form",
    "Import",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobState",
    "Kept",
    "Kind",
    "Learner",
    "LearnerDay",
    "LearnerTotal",
    "Lease",
    "LeaseLost",
    "Member",
    "MemberRequest",
    "NeuralinkError",
    "Organisation",
    "OrganisationDay",
    "Outcome",
    "Prepared",
    "Prerequisite",
    "Role",
    "Scope",
    "Table",
    "TableColumn",
    "TableFilter",
    "TableQuery",
    "TableScope",
    "Unit",
    "Verb",
    "Viewer",
    "add_erasing_step",
    "add_kept",
    "add_stored",
    "add_table",
    "in_batches",
    "chance",
    "csv_lines",
    "continuing",
    "extend_table",
    "field_filter",
    "learner_columns",
    "list_page",
    "masks_learners",
    "table_page",
    "took",
    "wants_fragment",
    "when",
    "who",
    "with_address",
    "member_of",
    "duration",
    "full_stop",
    "number",
    "percent",
    "roles_required",
    "sweep",
    "wake",
    "working_on",
]
