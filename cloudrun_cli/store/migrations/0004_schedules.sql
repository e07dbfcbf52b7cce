-- uid: tells a schedule from another that had its name before; body: the Job as its user wants it; plan: what is to
-- happen and what was seen, as JSON
CREATE TABLE schedules (
    uid INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    plan TEXT NOT NULL,
    UNIQUE (project, region, name)
);
