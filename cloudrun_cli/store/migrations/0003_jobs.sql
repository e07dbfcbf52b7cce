-- body: the v1 Job
CREATE TABLE jobs (
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, region, name)
) WITHOUT ROWID;

-- body: the v1 Execution; state: what its job says of it; cancel: whether that was asked for; history: whether it was
-- imported, so that nothing here runs it. Not WITHOUT ROWID: its indices would each repeat the key.
CREATE TABLE executions (
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    job TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    state TEXT NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0,
    history INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    UNIQUE (project, region, name)
);
CREATE INDEX executions_of_job ON executions (project, region, job, created, name);
CREATE INDEX executions_by_age ON executions (project, region, created, name);
CREATE INDEX executions_open ON executions (project, region, created)
WHERE state IN ('EXECUTION_PENDING', 'EXECUTION_RUNNING');

-- execution: its uid; attempt and what follows: of its last attempt; extra: JSON, only of imported ones
CREATE TABLE tasks (
    execution TEXT NOT NULL,
    idx INTEGER NOT NULL,
    state TEXT NOT NULL,
    retries INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    started TEXT,
    completed TEXT,
    attempt INTEGER,
    instance TEXT,
    phase TEXT,
    attempt_started TEXT,
    attempt_ended TEXT,
    cause TEXT,
    exit_code INTEGER,
    term_signal INTEGER,
    code INTEGER,
    message TEXT,
    extra TEXT,
    PRIMARY KEY (execution, idx)
) WITHOUT ROWID;
CREATE INDEX tasks_by_state ON tasks (execution, state, retries);

-- every attempt that has ended
CREATE TABLE attempts (
    execution TEXT NOT NULL,
    idx INTEGER NOT NULL,
    number INTEGER NOT NULL,
    instance TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT NOT NULL,
    cause TEXT NOT NULL,
    exit_code INTEGER,
    term_signal INTEGER,
    code INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (execution, idx, number)
) WITHOUT ROWID;

CREATE TRIGGER tasks_of_gone AFTER DELETE ON executions BEGIN
    DELETE FROM tasks WHERE execution = OLD.uid;
    DELETE FROM attempts WHERE execution = OLD.uid;
END;
