"""Settings of what learns and recommends; `settings` takes them all in."""

from neuralink_site import env

NEURALINK_SWAP_SECONDS = env.integer(
    "NEURALINK_SWAP_SECONDS",
    2,
    minimum=0,
    doc="how old what a web process knows of the version in use, of list rules and of what is open may be",
)
NEURALINK_TRAIN_SECONDS = env.integer(
    "NEURALINK_TRAIN_SECONDS",
    600,
    minimum=10,
    doc="time that the two fits of one run may take together, in seconds; the best state so far is then kept",
)
NEURALINK_TRAIN_BYTES = env.integer(
    "NEURALINK_TRAIN_BYTES",
    0,
    minimum=0,
    doc="memory that the process of one training may take, in bytes; 0: as much as the machine has",
)
NEURALINK_TRAIN_THREADS = env.integer(
    "NEURALINK_TRAIN_THREADS", 0, minimum=0, doc="threads that one training computes with; 0: one for each core"
)
NEURALINK_GATE_LATENCY_MS = env.integer(
    "NEURALINK_GATE_LATENCY_MS", 200, minimum=1, doc="longest time to score a list in use, in milliseconds"
)
NEURALINK_GATE_BYTES = env.integer(
    "NEURALINK_GATE_BYTES", 4 * 2**30, minimum=2**10, doc="largest version that goes into use, in bytes"
)
NEURALINK_VERSION_DAYS = env.integer(
    "NEURALINK_VERSION_DAYS", 90, minimum=1, doc="age in days from which a version counts as expired"
)
NEURALINK_SHOWN_TIMES = env.integer(
    "NEURALINK_SHOWN_TIMES",
    10,
    minimum=0,
    doc="hours in which an activity was shown to a learner without effect, before it rests for a month; 0: never",
)
NEURALINK_LISTS_HOUR = env.integer(
    "NEURALINK_LISTS_HOUR",
    2,
    minimum=-1,
    maximum=23,
    doc="hour of the organisation's day from which the lists of all learners are written; -1: not by themselves",
)
NEURALINK_LISTS_FORMAT = env.choice(
    "NEURALINK_LISTS_FORMAT", "csv", ["csv", "parquet"], doc="format of the lists that are written every night"
)
NEURALINK_LISTS_DAYS = env.integer(
    "NEURALINK_LISTS_DAYS", 7, minimum=1, doc="days for which files with the lists of all learners are kept"
)
NEURALINK_BATCH_LEARNERS = env.integer(
    "NEURALINK_BATCH_LEARNERS", 500, minimum=1, doc="most learners in one request for recommendations"
)
NEURALINK_PREVIEW_LEARNERS = env.integer(
    "NEURALINK_PREVIEW_LEARNERS", 1000, minimum=1, doc="most learners whose lists the preview of a list rule compares"
)
NEURALINK_SHARED_SECONDS = env.integer(
    "NEURALINK_SHARED_SECONDS",
    30,
    minimum=0,
    doc="how old popular and similar activities may be, which are the same for everybody",
)
NEURALINK_NAME_SECONDS = env.integer(
    "NEURALINK_NAME_SECONDS", 300, minimum=0, doc="how old names of activities in recommendations may be"
)
NEURALINK_KEEP_MS = env.integer(
    "NEURALINK_KEEP_MS",
    250,
    minimum=0,
    maximum=10_000,
    doc="milliseconds after which what was shown to learners is written, many lists together; 0: each at once",
)
NEURALINK_NOT_NOW_DAYS = env.integer(
    "NEURALINK_NOT_NOW_DAYS", 7, minimum=1, doc="days for which an activity stays away after 'not now'"
)
NEURALINK_VARIETY_PERCENT = env.integer(
    "NEURALINK_VARIETY_PERCENT",
    30,
    minimum=0,
    maximum=100,
    doc="strength that the last of a list loses if all before it are of its course too, in per cent; 0: none",
)
NEURALINK_SEARCH_SECONDS = env.integer(
    "NEURALINK_SEARCH_SECONDS", 7200, minimum=1, doc="longest search for parameters that may be asked for, in seconds"
)

NEURALINK_RISK_DAYS = env.integer(
    "NEURALINK_RISK_DAYS", 7, minimum=1, maximum=365, doc="days after which the risks of running enrolments are old"
)
NEURALINK_BULK_ROWS = env.integer(
    "NEURALINK_BULK_ROWS", 500, minimum=1, doc="most enrolments in one action on the worklist, by page or API"
)
NEURALINK_DRIFT_PERCENT = env.integer(
    "NEURALINK_DRIFT_PERCENT", 25, minimum=1, doc="stability index, in per cent, from which data count as changed"
)
