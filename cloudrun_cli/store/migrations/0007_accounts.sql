-- body: displayName, description and oauth2ClientId of the v1 ServiceAccount, as far as it has them
CREATE TABLE service_accounts (
    email TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    unique_id TEXT NOT NULL UNIQUE,
    disabled INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX service_accounts_of_project ON service_accounts (project, email);

-- policy: what it had of its own
CREATE TABLE deleted_service_accounts (
    unique_id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    project TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    body TEXT NOT NULL,
    deleted TEXT NOT NULL,
    policy TEXT NOT NULL
) WITHOUT ROWID;

-- account: the unique id; certificate: holds the public half, and nobody keeps the private one
CREATE TABLE service_account_keys (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    origin TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    valid_after TEXT NOT NULL,
    valid_before TEXT NOT NULL,
    certificate TEXT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;

INSERT INTO service_accounts
SELECT number || '-compute@developer.gserviceaccount.com', id,
    unique_id(number || '-compute@developer.gserviceaccount.com'), 0,
    '{"displayName":"Compute Engine default service account"}'
FROM projects;
