"""Who may open what: one line for every address and method of the product. A new address is added here.

`roles` are those that the address lets in. `row` names the row that stands in the address (see `rows.py`). A row is
`narrow` if colleagues of the same organisation do not see each other's: an instructor of another course, another
learner. `scope` is what an API key needs; without one no key comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.models import Role, Scope

ADMINISTRATOR, OWNER, INSTRUCTOR, LEARNER = Role.values
EVERYBODY = frozenset(Role.values)
STAFF = EVERYBODY - {LEARNER}
MODELS = frozenset({ADMINISTRATOR, OWNER})
CARERS = frozenset({ADMINISTRATOR, INSTRUCTOR})
ADMINISTRATORS = frozenset({ADMINISTRATOR})
LEARNERS = frozenset({LEARNER})
ANY_KEY = "any key"
TOOL = "tool"
"""The scope of xAPI's addresses: they take credentials of tools, neither keys nor sessions."""


@dataclass(frozen=True)
class Line:
    name: str
    method: str
    roles: frozenset[str]
    row: str = ""
    narrow: bool = False
    scope: str = ""
    is_public: bool = False
    answer: str = "open"
    """What those who are let in get for an empty request."""

    @property
    def is_api(self) -> bool:
        return self.name.startswith(("api_", "xapi_"))

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def get(name: str, roles: frozenset[str], row: str = "", narrow: bool = False) -> Line:
    return Line(name, "GET", roles, row, narrow)


def post(name: str, roles: frozenset[str], row: str = "", narrow: bool = False) -> Line:
    return Line(name, "POST", roles, row, narrow)


def both(name: str, roles: frozenset[str], row: str = "", narrow: bool = False) -> list[Line]:
    return [get(name, roles, row, narrow), post(name, roles, row, narrow)]


def api(
    method: str, name: str, scope: str, roles: frozenset[str] = EVERYBODY, row: str = "", narrow: bool = False
) -> Line:
    return Line(name, method, roles, row, narrow, scope)


PUBLIC = [
    Line("healthz", "GET", EVERYBODY, is_public=True),
    Line("readyz", "GET", EVERYBODY, is_public=True),
    Line("sign_in", "GET", EVERYBODY, is_public=True),
    Line("sign_in", "POST", EVERYBODY, is_public=True),
    Line("sign_out", "POST", EVERYBODY, is_public=True),
    Line("set_password", "GET", EVERYBODY, row="password_token", is_public=True),
    Line("api_schema", "GET", EVERYBODY, is_public=True),
    Line("api_docs", "GET", EVERYBODY, is_public=True),
    Line("xapi_about", "GET", EVERYBODY, is_public=True),
]
PAGES = [
    get("home", EVERYBODY),
    get("choose_organisation", EVERYBODY),
    Line("choose_organisation", "POST", EVERYBODY, answer="absent"),
    get("overview", STAFF),
    get("course_list", STAFF),
    get("course_page", STAFF, "course", narrow=True),
    get("course_reach", STAFF, "course", narrow=True),
    get("course_success", STAFF, "course", narrow=True),
    get("learner_list", STAFF),
    get("learner_page", STAFF, "learner", narrow=True),
    get("find", STAFF),
    get("find_json", STAFF),
    get("explore", STAFF),
    get("explore_csv", STAFF),
    get("board_list", STAFF),
    get("board_page", STAFF, "shared_board"),
    post("board_change", ADMINISTRATORS, "shared_board"),
    post("tile_add", STAFF),
    get("tile", STAFF, "shared_tile"),
    post("tile_change", ADMINISTRATORS, "shared_tile"),
    get("table_csv", STAFF, "table"),
    post("view_save", STAFF, "table"),
    # Of whoever saved it; an administrator may clear away what is shared.
    post("view_delete", ADMINISTRATORS, "shared_view"),
    get("learner_events", EVERYBODY, "learner", narrow=True),
    get("import_list", MODELS),
    *both("import_new", ADMINISTRATORS),
    *both("upload_page", ADMINISTRATORS, "upload"),
    post("upload_delete", ADMINISTRATORS, "upload"),
    get("import_page", MODELS, "import"),
    get("import_progress", MODELS, "import"),
    get("import_rejected", MODELS, "import"),
    post("import_again", ADMINISTRATORS, "import"),
    post("import_cancel", ADMINISTRATORS, "import"),
    post("import_roll_back", ADMINISTRATORS, "import"),
    get("statement_list", ADMINISTRATORS),
    get("statement_export", ADMINISTRATORS),
    post("verb_meaning", ADMINISTRATORS),
    get("identity_list", ADMINISTRATORS),
    post("learner_merge", ADMINISTRATORS),
    *both("credential_list", ADMINISTRATORS),
    post("credential_revoke", ADMINISTRATORS, "credential"),
    *both("settings_own", EVERYBODY),
    *both("settings_password", EVERYBODY),
    post("presentation", STAFF),
    *both("settings_organisation", ADMINISTRATORS),
    *both("member_list", ADMINISTRATORS),
    *both("member_page", ADMINISTRATORS, "member"),
    post("member_deactivate", ADMINISTRATORS, "member"),
    post("member_link", ADMINISTRATORS, "member"),
    *both("retention", ADMINISTRATORS),
    post("retention_apply", ADMINISTRATORS),
    post("learner_erase", ADMINISTRATORS),
    *both("key_list", ADMINISTRATORS),
    post("key_revoke", ADMINISTRATORS, "key"),
    get("my_learning", LEARNERS),
    get("my_data", LEARNERS),
]
MODEL_PAGES = [
    get("run_list", MODELS),
    *both("run_new", MODELS),
    get("run_estimate", MODELS),
    get("run_page", MODELS, "run"),
    get("run_progress", MODELS, "run"),
    post("run_cancel", MODELS, "run"),
    *both("list_export_list", MODELS),
    get("list_export_file", MODELS, "list_export"),
    post("list_export_cancel", MODELS, "list_export"),
    *both("list_rule_list", MODELS),
    post("list_rule_preview", MODELS),
    post("list_rule_end", MODELS, "list_rule"),
    *both("retrain_rule_list", MODELS),
    *both("retrain_rule_page", MODELS, "retrain_rule"),
    post("retrain_rule_delete", MODELS, "retrain_rule"),
    *both("search_list", MODELS),
    get("search_page", MODELS, "search"),
    post("search_cancel", MODELS, "search"),
    get("version_list", MODELS),
    get("data_drift", MODELS),
    get("version_card", EVERYBODY, "version"),
    *both("experiment_list", MODELS),
    post("experiment_stop", MODELS, "experiment"),
    post("experiment_use_winner", MODELS, "experiment"),
    get("promotion_list", MODELS),
    get("version_page", MODELS, "version"),
    get("explorer", MODELS),
    get("explorer_list", MODELS, "learner"),
    get("explorer_why_not", MODELS, "learner"),
    post("version_promote", MODELS, "version"),
    post("version_decline", MODELS, "version"),
    post("promotion_policy", MODELS),
    post("version_roll_back", MODELS, "version"),
]
CARE_PAGES = [
    get("learner_recommendations", EVERYBODY, "learner", narrow=True),
    post("recommendation_feedback", LEARNERS),
    get("recommendation_open", LEARNERS, "recommendation", narrow=True),
    get("learner_risk", EVERYBODY, "learner", narrow=True),
    get("what_if", EVERYBODY, "enrolment", narrow=True),
    get("course_risk", STAFF, "course", narrow=True),
    get("course_risk_summary", STAFF, "course", narrow=True),
    get("risk_summary", STAFF),
    get("model_attention", STAFF),
    get("worklist", CARERS),
    get("worklist_csv", CARERS),
    post("risk_refresh_start", CARERS),
    get("risk_refresh_progress", CARERS),
    post("risk_refresh_cancel", CARERS),
    post("worklist_act", CARERS),
    *both("message_new", CARERS),
    get("digest_preview", CARERS),
    get("intervention_list", CARERS),
    get("intervention_comparison", CARERS),
    post("mail_again", CARERS, "mail", narrow=True),
    *both("outcome_policy", ADMINISTRATORS),
    *both("message_template_new", ADMINISTRATORS),
    *both("message_template", ADMINISTRATORS, "message_template"),
    post("message_template_remove", ADMINISTRATORS, "message_template"),
]
API = [
    api("GET", "api_me", ANY_KEY),
    api("GET", "api_learners", Scope.LEARNERS_READ),
    api("GET", "api_learner", Scope.LEARNERS_READ, row="learner_id", narrow=True),
    api("GET", "api_activities", Scope.ACTIVITIES_READ),
    api("GET", "api_activity", Scope.ACTIVITIES_READ, row="course_id", narrow=True),
    api("GET", "api_table", Scope.LEARNERS_READ, STAFF, "table"),
    api("GET", "api_explore", Scope.EVENTS_READ, STAFF),
    api("GET", "api_events", Scope.EVENTS_READ),
    api("POST", "api_events", Scope.EVENTS_WRITE, ADMINISTRATORS),
    api("GET", "api_uploads", Scope.IMPORTS_WRITE, ADMINISTRATORS),
    api("POST", "api_uploads", Scope.IMPORTS_WRITE, ADMINISTRATORS),
    # An upload belongs to the member or key that sent it.
    api("GET", "api_upload", Scope.IMPORTS_WRITE, ADMINISTRATORS, "own_upload"),
    api("PATCH", "api_upload", Scope.IMPORTS_WRITE, ADMINISTRATORS, "own_upload"),
    api("DELETE", "api_upload", Scope.IMPORTS_WRITE, ADMINISTRATORS, "own_upload"),
    api("GET", "api_upload_look", Scope.IMPORTS_WRITE, ADMINISTRATORS, "own_upload"),
    api("GET", "api_imports", Scope.IMPORTS_WRITE, MODELS),
    api("POST", "api_imports", Scope.IMPORTS_WRITE, ADMINISTRATORS),
    api("GET", "api_import", Scope.IMPORTS_WRITE, MODELS, "import"),
    api("POST", "api_import_cancel", Scope.IMPORTS_WRITE, ADMINISTRATORS, "import"),
    api("POST", "api_import_roll_back", Scope.IMPORTS_WRITE, ADMINISTRATORS, "import"),
    api("GET", "api_verdicts", Scope.IMPORTS_WRITE, MODELS, "import"),
    api("GET", "api_credentials", "", ADMINISTRATORS),
    api("POST", "api_credentials", "", ADMINISTRATORS),
    api("POST", "api_credential_revoke", "", ADMINISTRATORS, "credential"),
    api("GET", "api_statements", Scope.EVENTS_READ, ADMINISTRATORS),
    api("GET", "api_members", "", ADMINISTRATORS),
    api("POST", "api_members", "", ADMINISTRATORS),
    api("GET", "api_member", "", ADMINISTRATORS, "member"),
    api("PATCH", "api_member", "", ADMINISTRATORS, "member"),
    api("POST", "api_member_deactivate", "", ADMINISTRATORS, "member"),
    api("POST", "api_member_activate", "", ADMINISTRATORS, "member"),
    api("POST", "api_member_link", "", ADMINISTRATORS, "member"),
    api("GET", "api_keys", "", ADMINISTRATORS),
    api("POST", "api_keys", "", ADMINISTRATORS),
    api("POST", "api_key_revoke", "", ADMINISTRATORS, "key"),
]
MODEL_API = [
    api("GET", "api_recommendations", Scope.RECOMMENDATIONS_READ, row="learner_id", narrow=True),
    api("GET", "api_why_not", Scope.RECOMMENDATIONS_READ, row="learner_and_activity", narrow=True),
    api("POST", "api_session_recommendations", Scope.RECOMMENDATIONS_READ),
    api("POST", "api_batch_recommendations", Scope.RECOMMENDATIONS_READ, MODELS),
    api("GET", "api_list_rules", Scope.VERSIONS_WRITE, MODELS),
    api("POST", "api_list_rules", Scope.VERSIONS_WRITE, MODELS),
    api("POST", "api_list_rule_preview", Scope.VERSIONS_WRITE, MODELS),
    api("GET", "api_list_rule", Scope.VERSIONS_WRITE, MODELS, "list_rule"),
    api("POST", "api_list_rule_end", Scope.VERSIONS_WRITE, MODELS, "list_rule"),
    api("GET", "api_list_exports", Scope.RECOMMENDATIONS_READ, MODELS),
    api("POST", "api_list_exports", Scope.RECOMMENDATIONS_READ, MODELS),
    api("GET", "api_list_export", Scope.RECOMMENDATIONS_READ, MODELS, "list_export"),
    api("POST", "api_list_export_cancel", Scope.RECOMMENDATIONS_READ, MODELS, "list_export"),
    api("GET", "api_list_export_file", Scope.RECOMMENDATIONS_READ, MODELS, "list_export"),
    api("GET", "api_popular", Scope.RECOMMENDATIONS_READ),
    api("GET", "api_similar", Scope.RECOMMENDATIONS_READ, row="course_id", narrow=True),
    api("POST", "api_feedback", Scope.RECOMMENDATIONS_READ, LEARNERS),
    api("GET", "api_risks", Scope.RISKS_READ),
    api("GET", "api_risk_refreshes", Scope.CASES_WRITE, CARERS),
    api("POST", "api_risk_refreshes", Scope.CASES_WRITE, CARERS),
    api("GET", "api_risk_refresh", Scope.CASES_WRITE, CARERS, "risk_refresh"),
    api("POST", "api_risk_refresh_cancel", Scope.CASES_WRITE, CARERS, "risk_refresh"),
    api("GET", "api_what_if", Scope.RISKS_READ),
    api("GET", "api_worklist", Scope.RISKS_READ, CARERS),
    api("POST", "api_worklist_actions", Scope.CASES_WRITE, CARERS),
    api("GET", "api_interventions", Scope.RISKS_READ, CARERS),
    api("POST", "api_interventions", Scope.CASES_WRITE, CARERS),
    api("GET", "api_intervention_comparison", Scope.RISKS_READ, CARERS),
    api("GET", "api_runs", Scope.RUNS_WRITE, MODELS),
    api("POST", "api_runs", Scope.RUNS_WRITE, MODELS),
    api("POST", "api_run_estimate", Scope.RUNS_WRITE, MODELS),
    api("GET", "api_run", Scope.RUNS_WRITE, MODELS, "run"),
    api("POST", "api_run_cancel", Scope.RUNS_WRITE, MODELS, "run"),
    api("GET", "api_retrain_rules", Scope.RUNS_WRITE, MODELS),
    api("POST", "api_retrain_rules", Scope.RUNS_WRITE, MODELS),
    api("GET", "api_retrain_rule", Scope.RUNS_WRITE, MODELS, "retrain_rule"),
    api("DELETE", "api_retrain_rule", Scope.RUNS_WRITE, MODELS, "retrain_rule"),
    api("GET", "api_searches", Scope.RUNS_WRITE, MODELS),
    api("POST", "api_searches", Scope.RUNS_WRITE, MODELS),
    api("GET", "api_search", Scope.RUNS_WRITE, MODELS, "search"),
    api("POST", "api_search_cancel", Scope.RUNS_WRITE, MODELS, "search"),
    api("GET", "api_experiments", Scope.VERSIONS_WRITE, MODELS),
    api("POST", "api_experiments", Scope.VERSIONS_WRITE, MODELS),
    api("GET", "api_experiment", Scope.VERSIONS_WRITE, MODELS, "experiment"),
    api("POST", "api_experiment_stop", Scope.VERSIONS_WRITE, MODELS, "experiment"),
    api("POST", "api_experiment_use_winner", Scope.VERSIONS_WRITE, MODELS, "experiment"),
    api("GET", "api_version_online", Scope.VERSIONS_WRITE, MODELS, "version_number"),
    api("GET", "api_versions", Scope.VERSIONS_WRITE, MODELS),
    api("POST", "api_version_roll_back", Scope.VERSIONS_WRITE, MODELS),
    api("GET", "api_version", Scope.VERSIONS_WRITE, MODELS, "version_number"),
    api("GET", "api_version_card", Scope.RECOMMENDATIONS_READ, STAFF, "version_number"),
    api("POST", "api_version_promote", Scope.VERSIONS_WRITE, MODELS, "version_number"),
    api("POST", "api_version_decline", Scope.VERSIONS_WRITE, MODELS, "version_number"),
    api("GET", "api_proposals", Scope.VERSIONS_WRITE, MODELS),
    api("GET", "api_promotion_policy", Scope.VERSIONS_WRITE, MODELS),
    api("POST", "api_promotion_policy", Scope.VERSIONS_WRITE, MODELS),
]
XAPI_METHODS = {
    "xapi_activities": ("GET",),
    "xapi_activity_profile": ("GET", "PUT", "POST", "DELETE"),
    "xapi_state": ("GET", "PUT", "POST", "DELETE"),
    "xapi_agents": ("GET",),
    "xapi_agent_profile": ("GET", "PUT", "POST", "DELETE"),
    "xapi_statements": ("GET", "PUT", "POST"),
}
XAPI = [api(method, name, TOOL, frozenset()) for name, methods in XAPI_METHODS.items() for method in methods]
XAPI.append(api("GET", "xapi_more", TOOL, frozenset(), "token"))
LINES: list[Line] = [*PUBLIC, *PAGES, *MODEL_PAGES, *CARE_PAGES, *API, *MODEL_API, *XAPI]

ADMIN_EDITED = """analytics: organisation member learner activity enrolment apikey credential
recommender: outcomepolicy messagetemplate retrainrule"""
ADMIN_READ = """analytics: memberchange retentionpolicy cleanup erasure
analytics: savedview board tile verbday daylearners activitylearners spread exploredanswer
analytics: prerequisite event eventkey import upload columnmapping rowverdict rollback rolluprefresh
analytics: organisationday activityday learnerday learnertotal coursetotal dirtyday
analytics: document projection projectionplace statementfate verbcount verbmeaning learneridentity
analytics: statement statementlink attachment activitydefinition
recommender: experiment onlineday listrule listexport
recommender: promotionpolicy proposal
recommender: run search version promotion impression feedback risk riskrefresh case intervention mail"""
ADMIN_SUPERUSERS = "auth: group user"
"""Django's own tables of logins: of those who run the machine, for no organisation's data administrator."""
ADMIN_OTHERS = {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n"}
ADMIN_OTHERS |= {"view_on_site", "app_list", "auth_user_password_change"}
ADMIN_ACTIONS = ("changelist", "add", "history", "delete", "change")


def admin_models(text: str) -> list[str]:
    """Names as in addresses: "analytics: a b" gives analytics_a and analytics_b."""
    pairs = [line.split(": ") for line in text.splitlines()]
    return [f"{app}_{model}" for app, models in pairs for model in models.split()]
