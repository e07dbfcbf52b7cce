-- body: the v1 DomainMapping
CREATE TABLE domains (
    domain TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    service TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX domains_of_service ON domains (project, region, service);

-- what spec.traffic of the services says, to count tags and to find them by name; kept by the triggers below
CREATE TABLE tags (
    project TEXT NOT NULL,
    region TEXT NOT NULL,
    service TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (project, region, service, tag)
) WITHOUT ROWID;

CREATE TRIGGER tags_of_new AFTER INSERT ON services BEGIN
    INSERT OR IGNORE INTO tags SELECT NEW.project, NEW.region, NEW.name, json_extract(value, '$.tag')
    FROM json_each(NEW.body, '$.spec.traffic') WHERE json_extract(value, '$.tag') IS NOT NULL;
END;

CREATE TRIGGER tags_of_changed AFTER UPDATE OF body ON services
WHEN json_extract(OLD.body, '$.spec.traffic') IS NOT json_extract(NEW.body, '$.spec.traffic') BEGIN
    DELETE FROM tags WHERE project = OLD.project AND region = OLD.region AND service = OLD.name;
    INSERT OR IGNORE INTO tags SELECT NEW.project, NEW.region, NEW.name, json_extract(value, '$.tag')
    FROM json_each(NEW.body, '$.spec.traffic') WHERE json_extract(value, '$.tag') IS NOT NULL;
END;

CREATE TRIGGER tags_of_gone AFTER DELETE ON services BEGIN
    DELETE FROM tags WHERE project = OLD.project AND region = OLD.region AND service = OLD.name;
END;

INSERT OR IGNORE INTO tags SELECT project, region, name, json_extract(value, '$.tag')
FROM services, json_each(services.body, '$.spec.traffic') WHERE json_extract(value, '$.tag') IS NOT NULL;
