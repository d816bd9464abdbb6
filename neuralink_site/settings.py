"""Every setting once. What the operator may change is read by `env` and listed in docs/settings.md."""

import importlib.util
import os
import secrets
from pathlib import Path

import dj_database_url

from neuralink_site import embedded_postgres, env
from neuralink_site.model_settings import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = env.path(
    "NEURALINK_HOME",
    BASE_DIR / "var",
    shown_default="var/",
    doc="data folder: embedded database, uploads, versions, logs",
)
HOME.mkdir(parents=True, exist_ok=True)


def kept_secret(path: Path) -> str:
    """The secret in the file; made at the first start, readable by its owner only."""
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


DEBUG = env.boolean("NEURALINK_DEBUG", False, doc="Django's debug pages; never on a reachable machine")
SECRET_KEY = env.text(
    "NEURALINK_SECRET_KEY", shown_default="random, kept in the data folder", doc="signs sessions and tokens"
) or kept_secret(HOME / "secret_key")
ALLOWED_HOSTS = env.words(
    "NEURALINK_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], doc="host names the web server answers to"
)
CSRF_TRUSTED_ORIGINS = env.words(
    "NEURALINK_TRUSTED_ORIGINS", doc="origins with scheme that may post forms when behind a proxy"
)
NEURALINK_HTTPS = env.boolean("NEURALINK_HTTPS", False, doc="served through HTTPS: secure cookies and HSTS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = NEURALINK_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if NEURALINK_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if NEURALINK_HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "neuralink_site",
    "analytics",
    "recommender",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "neuralink_site.content_policy.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "analytics.access.MemberMiddleware",
]
ROOT_URLCONF = "neuralink_site.urls"
WSGI_APPLICATION = "neuralink_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = env.text(
    "NEURALINK_DATABASE_URL",
    shown_default="the embedded PostgreSQL",
    doc="postgresql:// address of PostgreSQL 14 or later; with it nothing embedded starts",
)
DATABASES = {
    "default": dj_database_url.parse(DATABASE_URL)
    if DATABASE_URL
    else {"ENGINE": "neuralink_site.embedded_database", "NAME": embedded_postgres.DATABASE, "HOME": HOME}
}
# Connecting costs 13-31 ms: keep connections, and check one before its first query of a request.
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env.text(
    "NEURALINK_BROKER_URL",
    shown_default="folders below the data folder",
    doc="redis:// or amqp:// address of the broker; with it no embedded broker is used",
)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

LANGUAGE_CODE = env.text("NEURALINK_LANGUAGE", "en", doc="language of pages for browsers that want none of ours")
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [HOME / "locale"]  # compiled by neuralink_site/catalogues.py
FORMAT_MODULE_PATH = ["neuralink_site.formats"]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
# Plotly brings its own browser bundle; finding the package does not import it.
_plotly = importlib.util.find_spec("plotly")
STATICFILES_DIRS = [BASE_DIR / "static"]
if _plotly is not None and _plotly.origin is not None:
    STATICFILES_DIRS.append(("plotly", Path(_plotly.origin).parent / "package_data"))  # type: ignore[arg-type]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE_SECONDS = 3600
MEDIA_ROOT = HOME / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer(
    "NEURALINK_BODY_BYTES", 10_485_760, minimum=1024, doc="largest request body, in bytes; file uploads excepted"
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "analytics.rest.authentication.KeyAuthentication",
        "analytics.rest.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["analytics.rest.permissions.HasAccess"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["analytics.rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "analytics.rest.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "analytics.rest.schema.ApiSchema",
    "EXCEPTION_HANDLER": "analytics.rest.problems.problem_response",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Neuralink",
    "DESCRIPTION": """Learner histories in; analytics, recommendations and their reasons out.

**Coming in**: `Authorization: Bearer nlk_...` with an API key (its scopes say what it may do), or the session of a
signed-in member (the role says so). Either way only rows of the one organisation exist.

**Ids** of learners and activities are those of the source, percent-encoded in paths. The few that no path can carry
(`..`, or one that ends in `/recommendations`) are found by the parameter `external_id` of the lists.

**Pages**: lists answer `{"next": ..., "results": [...]}`; follow `next` until it is null. Rows that come or go
meanwhile neither repeat nor hide others.

**Errors** are problem details (RFC 9457), with `errors` pointing at the field, row or parameter. Unknown parameters and
fields are errors too. Instants are UTC.""",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Several nouns have a kind or an action: each list of choices bears the name of its class.
    "ENUM_NAME_OVERRIDES": {
        "Kind": "analytics.models.Kind",
        "JobState": "analytics.models.JobState",
        "Outcome": "analytics.models.Outcome",
        "Role": "analytics.models.Role",
        "Scope": "analytics.models.Scope",
        "Unit": "analytics.models.Unit",
        "Verb": "analytics.models.Verb",
        "Verdict": "analytics.models.Verdict",
        "XapiScope": "analytics.models.XapiScope",
        "XapiVersion": "analytics.models.XapiVersion",
        "TargetKind": "recommender.models.TargetKind",
        "RecommendedKind": "recommender.models.RECOMMENDED_CHOICES",
        "RecommendingAlgorithm": "recommender.algorithms.catalogue.RECOMMENDERS",
        "TrainedAlgorithm": "recommender.api.runs.TRAINED",
        "RecommendingSource": "recommender.api.recommendations.RECOMMENDING_SOURCES",
        "Effect": "recommender.models.Effect",
        "ListFormat": "recommender.models.ListFormat",
        "FeedbackAction": "recommender.models.FeedbackAction",
        "OnlineMeasure": "recommender.models.OnlineMeasure",
        "PromotionAction": "recommender.models.PromotionAction",
        "Confidence": "recommender.models.Confidence",
        "InterventionKind": "recommender.models.InterventionKind",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": env.choice(
            "NEURALINK_LOG_LEVEL",
            "WARNING",
            ["DEBUG", "INFO", "WARNING", "ERROR"],
            doc="least level that is logged",
        ),
    },
}

NEURALINK_LEASE_SECONDS = env.integer(
    "NEURALINK_LEASE_SECONDS", 9, minimum=3, doc="a job whose worker is silent for so many seconds is given to another"
)
NEURALINK_BATCH_ROWS = env.integer(
    "NEURALINK_BATCH_ROWS", 200_000, minimum=1000, doc="rows an import reads, cleans and commits at a time"
)
NEURALINK_VERDICTS_KEPT = env.integer(
    "NEURALINK_VERDICTS_KEPT", 1_000_000, minimum=0, doc="row verdicts kept per import; all are counted"
)
NEURALINK_UPLOAD_BYTES = env.integer(
    "NEURALINK_UPLOAD_BYTES", 8_589_934_592, minimum=1024, doc="largest uploaded file, in bytes"
)
NEURALINK_UNPACKED_RATIO = env.integer(
    "NEURALINK_UNPACKED_RATIO",
    250,
    minimum=1,
    doc="a packed file larger than 64 MiB may unpack to so many times its size",
)
NEURALINK_UPLOAD_CHUNK_BYTES = env.integer(
    "NEURALINK_UPLOAD_CHUNK_BYTES", 8_388_608, minimum=1024, doc="most bytes of an upload in one request"
)
NEURALINK_UPLOAD_QUOTA_BYTES = env.integer(
    "NEURALINK_UPLOAD_QUOTA_BYTES", 34_359_738_368, minimum=1024, doc="all uploads that are kept of one member or key"
)
NEURALINK_UPLOAD_HOURS = env.integer(
    "NEURALINK_UPLOAD_HOURS", 72, minimum=1, doc="how long an upload is kept that nobody touches"
)
NEURALINK_IMPORT_COLUMNS = env.integer(
    "NEURALINK_IMPORT_COLUMNS", 2000, minimum=1, doc="most columns of an imported file"
)
NEURALINK_API_ROWS = env.integer(
    "NEURALINK_API_ROWS", 10_000, minimum=1, doc="most events in one bulk write of the API"
)
NEURALINK_PAGE_ROWS = env.integer("NEURALINK_PAGE_ROWS", 50, minimum=5, maximum=500, doc="rows on one page of a list")
NEURALINK_SMALL_CELL = env.integer(
    "NEURALINK_SMALL_CELL",
    5,
    minimum=1,
    doc="fewest learners behind a number of Explore; cells with fewer are hidden, and 1 hides none",
)

MAIL_FOLDER = HOME / "mail"
EMAIL_BACKEND = "neuralink_site.mail_folder.EmailBackend"
EMAIL_TIMEOUT = 30  # seconds
globals().update(
    env.mail_server(
        "NEURALINK_MAIL_URL", shown_default="files in the data folder", doc="mail server that mails are handed to"
    )
)
NEURALINK_MAIL_FROM = DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text(
    "NEURALINK_MAIL_FROM", "Neuralink <neuralink@localhost>", doc="sender of all mails"
)

# The web server of `manage.py up`.
NEURALINK_BIND = env.text("NEURALINK_BIND", "127.0.0.1", doc="address of this machine that pages are served from")
NEURALINK_PORT = env.integer("PORT", 8000, minimum=1, maximum=65535, doc="TCP port that pages are served from")
NEURALINK_WEB_PROCESSES = env.integer("NEURALINK_WEB_PROCESSES", 2, minimum=1, doc="processes of the web server")
NEURALINK_WEB_THREADS = env.integer(
    "NEURALINK_WEB_THREADS", 4, minimum=1, doc="requests that one process of the web server answers at a time"
)

# The Learning Record Store below /xapi/.
NEURALINK_PUBLIC_URL = env.text(
    "NEURALINK_PUBLIC_URL",
    shown_default="http://localhost and the port",
    doc="address at which others reach this server; in mails and in the authority of xAPI statements",
) or (f"http://localhost:{NEURALINK_PORT}")
NEURALINK_XAPI_ORIGINS = env.text(
    "NEURALINK_XAPI_ORIGINS", "*", doc="web sites whose pages may speak to /xapi/ (CORS): * or one origin with scheme"
)
NEURALINK_DOCUMENT_BYTES = env.integer(
    "NEURALINK_DOCUMENT_BYTES", 5_242_880, minimum=1024, doc="largest xAPI state or profile document, in bytes"
)
NEURALINK_DOCUMENTS_LISTED = env.integer(
    "NEURALINK_DOCUMENTS_LISTED", 10_000, minimum=1, doc="most ids in one list of xAPI documents"
)
NEURALINK_STATEMENTS_BYTES = env.integer(
    "NEURALINK_STATEMENTS_BYTES",
    16_777_216,
    minimum=1024,
    doc="largest request with xAPI statements, attachments included, in bytes",
)
NEURALINK_STATEMENTS_AT_ONCE = env.integer(
    "NEURALINK_STATEMENTS_AT_ONCE", 10_000, minimum=1, doc="most xAPI statements in one request"
)
NEURALINK_STATEMENTS_LISTED = env.integer(
    "NEURALINK_STATEMENTS_LISTED", 100, minimum=1, doc="most xAPI statements in one answer; `more` leads to the next"
)
NEURALINK_ANSWER_BYTES = env.integer(
    "NEURALINK_ANSWER_BYTES",
    16_777_216,
    minimum=1024,
    doc="after so many bytes of xAPI statements an answer ends and `more` leads on",
)
NEURALINK_JSON_LEVELS = env.integer(
    "NEURALINK_JSON_LEVELS", 100, minimum=10, maximum=500, doc="deepest nesting of xAPI's JSON"
)
NEURALINK_JSON_VALUES = env.integer(
    "NEURALINK_JSON_VALUES",
    1_000_000,
    minimum=1000,
    doc="most values (counted by commas) in one request with xAPI statements; each takes memory",
)
NEURALINK_STATEMENT_LINKS = env.integer(
    "NEURALINK_STATEMENT_LINKS",
    32,
    minimum=1,
    maximum=1000,
    doc="how many StatementRefs in a row the filters of xAPI statements follow",
)
NEURALINK_PROJECTED_AT_ONCE = env.integer(
    "NEURALINK_PROJECTED_AT_ONCE", 1000, minimum=1, doc="xAPI statements that become events in one transaction"
)
