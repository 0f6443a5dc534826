"""The tables of counted measures, and the columns in which a task counts its time.

A trigger notes every change of a task or request, whoever writes it, in a table of changes; `measures.counting` adds
them to the counts before the same transaction commits.
"""
# ruff: noqa: S608 - the script is made of this file's constants, nothing else

from typing import Final

from core.store.measure_changes import PHASE_COLUMNS, answer_change, request_change, task_change

# 8 buckets an octave, each named by the least latency in it: wide enough that a year of them is read quickly, narrow
# enough that the latencies inside one are. An edge lies right above each of these, so that what took up to them can
# be counted.
BAND_EDGES_MS: Final = (60_000, 3_600_000, 6 * 3_600_000, 86_400_000, 3 * 86_400_000, 7 * 86_400_000)
_BUCKETS: Final = sorted({0, *(round(2 ** (step / 8)) for step in range(39 * 8)), *(e + 1 for e in BAND_EDGES_MS)})

_EACH_CONNECTION: Final = "(SELECT '' AS connection UNION SELECT connection FROM tasks WHERE request = {row}.number) n"
_FIRST_TASK_THERE: Final = (
    "requests r, (SELECT {row}.connection AS connection) n WHERE r.number = {row}.request AND NOT EXISTS (SELECT 1 "
    "FROM tasks o WHERE o.request = {row}.request AND o.connection = {row}.connection AND o.number != {row}.number)"
)
_NOT_IN_BULK: Final = "NOT EXISTS (SELECT 1 FROM counted_in_bulk)"
_DENIAL: Final = "coalesce((SELECT class_7102 FROM denials d WHERE d.request = {row}.number), '')"

# How a database of the earlier release comes to have phases: it knows when a task was taken on, and no more.
_FROM_UPGRADE: Final = """
UPDATE tasks SET queued_ms = min(latency_ms, max(0, coalesce(CAST(round(
    (julianday(submitted_at) - julianday(created_at)) * 86400000) AS INTEGER), 0)))
WHERE ended_at IS NOT NULL;
UPDATE tasks SET vendor_ms = latency_ms - queued_ms WHERE ended_at IS NOT NULL AND submitted_at IS NOT NULL;
UPDATE tasks SET queued_ms = latency_ms WHERE ended_at IS NOT NULL AND submitted_at IS NULL;
"""

MEASURES: Final = f"""
ALTER TABLE tasks ADD COLUMN approval_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN queued_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN throttled_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN vendor_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN callback_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN person_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connection_states ADD COLUMN throttled_since TEXT;  -- the limiter gave less than was due
{_FROM_UPGRADE}
CREATE TABLE measured_zone (zone TEXT NOT NULL) STRICT;  -- one row: whose calendar the counts follow; '': not counted
INSERT INTO measured_zone VALUES ('');
CREATE TABLE zone_offsets (                 -- of that zone to UTC, from each instant on
    starts_at TEXT PRIMARY KEY,
    seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO zone_offsets VALUES ('', 0);

CREATE TABLE latency_buckets (low INTEGER PRIMARY KEY) STRICT;
INSERT INTO latency_buckets VALUES {", ".join(f"({low})" for low in _BUCKETS)};

CREATE TABLE task_slices (                  -- what tasks are counted by
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,                 -- '': of any category, each task once
    connection TEXT NOT NULL,
    type TEXT NOT NULL,
    law TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL,                    -- class of error of one that ended without success
    UNIQUE (connection, type, law, state, error, category)
) STRICT;
CREATE TABLE task_counts (
    slice INTEGER NOT NULL,
    day INTEGER NOT NULL,                   -- of the end, since 1970-01-01; 0: open
    n INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    approval_ms INTEGER NOT NULL,
    queued_ms INTEGER NOT NULL,
    throttled_ms INTEGER NOT NULL,
    vendor_ms INTEGER NOT NULL,
    callback_ms INTEGER NOT NULL,
    person_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    PRIMARY KEY (slice, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE task_latencies (               -- a histogram
    slice INTEGER NOT NULL,
    day INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (slice, day, bucket)
) STRICT, WITHOUT ROWID;
CREATE TABLE task_latencies_by_month (      -- the same by whole months, so that a year is not read day by day
    slice INTEGER NOT NULL,
    month INTEGER NOT NULL,                 -- its first day
    bucket INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (slice, month, bucket)
) STRICT, WITHOUT ROWID;
CREATE TABLE category_sets (id INTEGER PRIMARY KEY, categories TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE ended_tasks (                  -- by latency, so that a percentile inside a bucket is a short walk
    latency_ms INTEGER NOT NULL,
    task INTEGER NOT NULL,
    day INTEGER NOT NULL,
    slice INTEGER NOT NULL,
    categories INTEGER NOT NULL,
    PRIMARY KEY (latency_ms, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_slices (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,                 -- '': of any
    connection TEXT NOT NULL,               -- '': of any
    type TEXT NOT NULL,
    law TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (type, law, state, connection, category)
) STRICT;
CREATE TABLE request_counts (
    slice INTEGER NOT NULL,
    what TEXT NOT NULL,                     -- received, open, met, missed
    day INTEGER NOT NULL,                   -- of receipt, due, closed, closed
    n INTEGER NOT NULL,
    PRIMARY KEY (slice, what, day)
) STRICT, WITHOUT ROWID;

-- What has gone is not kept as a nought.
CREATE INDEX task_counts_gone ON task_counts(n) WHERE n = 0;
CREATE INDEX task_latencies_gone ON task_latencies(n) WHERE n = 0;
CREATE INDEX task_latencies_by_month_gone ON task_latencies_by_month(n) WHERE n = 0;
CREATE INDEX request_counts_gone ON request_counts(n) WHERE n = 0;

CREATE TABLE task_changes (                 -- empty between transactions
    sign INTEGER NOT NULL,
    task INTEGER NOT NULL,
    connection TEXT NOT NULL,
    type TEXT NOT NULL,
    law TEXT NOT NULL,
    categories TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL,
    day INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    approval_ms INTEGER NOT NULL,
    queued_ms INTEGER NOT NULL,
    throttled_ms INTEGER NOT NULL,
    vendor_ms INTEGER NOT NULL,
    callback_ms INTEGER NOT NULL,
    person_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    polls INTEGER NOT NULL
) STRICT;
CREATE TABLE request_changes (
    sign INTEGER NOT NULL,
    connection TEXT NOT NULL,               -- '': of any
    type TEXT NOT NULL,
    law TEXT NOT NULL,
    categories TEXT NOT NULL,
    state TEXT NOT NULL,
    received INTEGER,
    due INTEGER,
    closed INTEGER
) STRICT;

-- Has a row while a transaction files in bulk and notes what it inserts itself, many rows as one change; empty between
-- transactions.
CREATE TABLE counted_in_bulk (first_request INTEGER PRIMARY KEY) STRICT;

CREATE TABLE sample_fills (                 -- of the sandbox, with sample history
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    days INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    until TEXT NOT NULL,                    -- when the history ends
    steps INTEGER NOT NULL DEFAULT 0,       -- that are on disk
    filed INTEGER NOT NULL DEFAULT 0,
    finished_at TEXT
) STRICT;

CREATE TRIGGER tasks_counted_insert AFTER INSERT ON tasks WHEN {_NOT_IN_BULK}
BEGIN
    {task_change(1, "NEW", "requests r WHERE r.number = NEW.request")}
    {request_change(1, "r", _FIRST_TASK_THERE.format(row="NEW"))}
END;
CREATE TRIGGER tasks_counted_update
AFTER UPDATE OF state, ended_at, latency_ms, error, attempts, polls, {", ".join(PHASE_COLUMNS)} ON tasks
WHEN OLD.state IS NOT NEW.state OR OLD.ended_at IS NOT NEW.ended_at OR (NEW.ended_at IS NOT NULL AND
    (OLD.latency_ms, OLD.error, OLD.attempts, OLD.polls, {", ".join(f"OLD.{c}" for c in PHASE_COLUMNS)}) IS NOT
    (NEW.latency_ms, NEW.error, NEW.attempts, NEW.polls, {", ".join(f"NEW.{c}" for c in PHASE_COLUMNS)}))
BEGIN
    {task_change(-1, "OLD", "requests r WHERE r.number = OLD.request")}
    {task_change(1, "NEW", "requests r WHERE r.number = NEW.request")}
END;
CREATE TRIGGER tasks_counted_delete AFTER DELETE ON tasks
BEGIN
    {task_change(-1, "OLD", "requests r WHERE r.number = OLD.request")}
    {request_change(-1, "r", _FIRST_TASK_THERE.format(row="OLD"))}
END;

CREATE TRIGGER requests_counted_insert AFTER INSERT ON requests WHEN {_NOT_IN_BULK}
BEGIN
    {request_change(1, "NEW", "(SELECT '' AS connection) n")}
END;
CREATE TRIGGER requests_counted_update AFTER UPDATE OF type, law, categories, state, received, due_on, closed_at
ON requests
WHEN (OLD.type, OLD.law, OLD.categories, OLD.state, OLD.received, OLD.due_on, OLD.closed_at) IS NOT
    (NEW.type, NEW.law, NEW.categories, NEW.state, NEW.received, NEW.due_on, NEW.closed_at)
BEGIN
    {request_change(-1, "OLD", _EACH_CONNECTION.format(row="OLD"))}
    {request_change(1, "NEW", _EACH_CONNECTION.format(row="NEW"))}
END;
CREATE TRIGGER requests_counted_delete BEFORE DELETE ON requests
BEGIN
    {request_change(-1, "OLD", _EACH_CONNECTION.format(row="OLD"))}
END;
"""

ANSWERS: Final = f"""
CREATE TABLE answer_counts (                -- of 11 CCR 7102: requests by the year they were received in
    year INTEGER NOT NULL,
    law TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    denial TEXT NOT NULL,                   -- class of the denial, '' for none
    days INTEGER NOT NULL,                  -- from receipt to the answer; -1: open
    n INTEGER NOT NULL,
    PRIMARY KEY (year, law, type, state, denial, days)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_counts_gone ON answer_counts(n) WHERE n = 0;
CREATE TABLE answer_changes (               -- empty between transactions
    sign INTEGER NOT NULL,
    type TEXT NOT NULL,
    law TEXT NOT NULL,
    year INTEGER NOT NULL,
    state TEXT NOT NULL,
    denial TEXT NOT NULL,
    days INTEGER NOT NULL
) STRICT;

CREATE TRIGGER requests_answered_insert AFTER INSERT ON requests WHEN {_NOT_IN_BULK}
BEGIN
    {answer_change(1, "NEW", "''")}
END;
CREATE TRIGGER requests_answered_update AFTER UPDATE OF type, law, state, received, closed_at ON requests
WHEN (OLD.type, OLD.law, OLD.state, OLD.received, OLD.closed_at) IS NOT
    (NEW.type, NEW.law, NEW.state, NEW.received, NEW.closed_at)
BEGIN
    {answer_change(-1, "OLD", _DENIAL.format(row="OLD"))}
    {answer_change(1, "NEW", _DENIAL.format(row="NEW"))}
END;
CREATE TRIGGER requests_answered_delete BEFORE DELETE ON requests
BEGIN
    {answer_change(-1, "OLD", _DENIAL.format(row="OLD"))}
END;
CREATE TRIGGER denials_counted_insert AFTER INSERT ON denials
BEGIN
    {answer_change(-1, "r", "''", "requests r WHERE r.number = NEW.request")}
    {answer_change(1, "r", "NEW.class_7102", "requests r WHERE r.number = NEW.request")}
END;
CREATE TRIGGER denials_counted_delete AFTER DELETE ON denials
BEGIN
    {answer_change(-1, "r", "OLD.class_7102", "requests r WHERE r.number = OLD.request")}
    {answer_change(1, "r", "''", "requests r WHERE r.number = OLD.request")}
END;
CREATE TRIGGER denials_counted_update AFTER UPDATE OF class_7102 ON denials
BEGIN
    {answer_change(-1, "r", "OLD.class_7102", "requests r WHERE r.number = OLD.request")}
    {answer_change(1, "r", "NEW.class_7102", "requests r WHERE r.number = NEW.request")}
END;
"""
