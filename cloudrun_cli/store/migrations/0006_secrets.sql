-- body: the v1 Secret without its name
CREATE TABLE secrets (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    expires TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;
CREATE INDEX secrets_that_expire ON secrets (expires) WHERE expires IS NOT NULL;

-- sealed: the payload, encrypted; gone with the version's destruction. crc32c: of the payload as it was given
CREATE TABLE secret_versions (
    project TEXT NOT NULL,
    secret TEXT NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    destroyed TEXT,
    destroy_at TEXT,
    etag TEXT NOT NULL,
    checked INTEGER NOT NULL,
    crc32c INTEGER,
    sealed BLOB,
    PRIMARY KEY (project, secret, number)
);
CREATE INDEX secret_versions_to_destroy ON secret_versions (destroy_at) WHERE destroy_at IS NOT NULL;
