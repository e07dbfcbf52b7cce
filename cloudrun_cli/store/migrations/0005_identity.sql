CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created TEXT NOT NULL
) WITHOUT ROWID;

-- parent: organizations/ID or folders/ID
CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX folders_inside ON folders (parent);

-- body: the v1 Project without what the columns say; deleted: when its deletion was asked for
ALTER TABLE projects ADD COLUMN parent TEXT;
ALTER TABLE projects ADD COLUMN deleted TEXT;
ALTER TABLE projects ADD COLUMN body TEXT NOT NULL DEFAULT '{}';

UPDATE projects SET
    body = json_remove((SELECT value FROM meta WHERE key = 'project/' || id),
        '$.projectId', '$.projectNumber', '$.lifecycleState', '$.parent'),
    parent = (SELECT json_extract(value, '$.parent.type') || 's/' || json_extract(value, '$.parent.id')
        FROM meta WHERE key = 'project/' || id)
WHERE EXISTS (SELECT 1 FROM meta WHERE key = 'project/' || id);

INSERT OR IGNORE INTO organizations
SELECT substr(parent, 15), 'imported', created FROM projects WHERE parent LIKE 'organizations/%';

DELETE FROM meta WHERE key LIKE 'project/%';

-- parent: projects/ID or organizations/ID; body: the v1 Role without name and etag
CREATE TABLE roles (
    parent TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (parent, id)
) WITHOUT ROWID;

-- who is in which group: addresses in lower case, a member that of an account or of another group
CREATE TABLE group_members (
    member TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (member, address)
) WITHOUT ROWID;
