CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE projects (id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, created TEXT NOT NULL) WITHOUT ROWID;

-- body: the v1 Service with spec and status, without addresses
CREATE TABLE services (
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    door INTEGER NOT NULL UNIQUE,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, region, name)
) WITHOUT ROWID;

CREATE TABLE revisions (
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    created TEXT NOT NULL,
    ready TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, region, name)
) WITHOUT ROWID;
CREATE INDEX revisions_of_service ON revisions (project, region, service);

-- resource: projects/P/locations/R/services/S
CREATE TABLE policies (resource TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE builds (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX builds_by_state ON builds (state);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    verb TEXT NOT NULL,
    kind TEXT NOT NULL,
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL
);
