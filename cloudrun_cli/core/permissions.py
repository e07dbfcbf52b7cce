"""Every permission that this project knows by name, SERVICE.RESOURCE.VERB. Source: the role index of the products.

What is not listed can be neither in a custom role nor in what `iam roles describe` shows. Calls may ask for others:
a role grants by its patterns.
"""

from functools import lru_cache

_CRUD = "create delete get list update"
_POLICY = "getIamPolicy setIamPolicy"
_TAGS = "createTagBinding deleteTagBinding listEffectiveTags listTagBindings"

_LISTED = f"""
artifactregistry.dockerimages: get list
artifactregistry.files: get list
artifactregistry.locations: get list
artifactregistry.packages: delete get list
artifactregistry.repositories: {_CRUD} {_POLICY} deleteArtifacts downloadArtifacts uploadArtifacts
artifactregistry.tags: {_CRUD}
artifactregistry.versions: delete get list
cloudbuild.builds: approve create get list update
cloudscheduler.jobs: {_CRUD} enable fullView pause run
cloudscheduler.locations: get list
cloudsql.backupRuns: create delete get list
cloudsql.databases: {_CRUD}
cloudsql.instances: {_CRUD} connect export import login restart
cloudsql.users: {_CRUD}
cloudtasks.locations: get list
cloudtasks.queues: {_CRUD} {_POLICY} pause purge resume
cloudtasks.tasks: create delete fullView get list run
compute.networks: {_CRUD} access use
compute.subnetworks: {_CRUD} {_POLICY} use
datastore.databases: create delete get getMetadata list update
datastore.entities: allocateIds create delete get list update
datastore.indexes: create delete get list update
eventarc.events: receiveAuditLogWritten receiveEvent
eventarc.locations: get list
eventarc.operations: cancel delete get list
eventarc.providers: get list
eventarc.triggers: {_CRUD} {_POLICY} undelete
iam.roles: {_CRUD} undelete
iam.serviceAccountKeys: create delete disable enable get list upload
iam.serviceAccounts: {_CRUD} {_POLICY} actAs disable enable getAccessToken getOpenIdToken implicitDelegation signBlob
iam.serviceAccounts: signJwt undelete
logging.logEntries: create list route
logging.logMetrics: {_CRUD}
logging.logs: delete list
logging.sinks: {_CRUD}
monitoring.metricDescriptors: create delete get list
monitoring.timeSeries: create list
pubsub.schemas: attach commit create delete get list listRevisions rollback validate {_POLICY}
pubsub.snapshots: {_CRUD} {_POLICY} seek
pubsub.subscriptions: {_CRUD} {_POLICY} consume
pubsub.topics: {_CRUD} {_POLICY} attachSubscription detachSubscription publish updateTag
recommender.runServiceIdentityInsights: get list update
recommender.runServiceIdentityRecommendations: get list update
redis.instances: {_CRUD} export failover getAuthString import upgrade
redis.locations: get list
redis.operations: cancel delete get list
resourcemanager.folders: create delete get list move undelete update {_POLICY}
resourcemanager.organizations: get {_POLICY}
resourcemanager.projects: create delete get list move undelete update {_POLICY} createBillingAssignment
run.configurations: get list
run.executions: cancel delete get list
run.instances: {_CRUD} start stop
run.jobs: {_CRUD} {_POLICY} {_TAGS} run runWithOverrides
run.locations: list
run.operations: delete get list
run.revisions: delete get list
run.routes: get invoke list
run.services: {_CRUD} {_POLICY} {_TAGS}
run.tasks: get list
run.workerpools: {_CRUD} {_POLICY} {_TAGS}
secretmanager.locations: get list
secretmanager.secrets: {_CRUD} {_POLICY} {_TAGS}
secretmanager.versions: access add destroy disable enable get list
serviceusage.operations: get list
serviceusage.services: disable enable get list use
source.repos: {_CRUD} {_POLICY}
storage.buckets: {_CRUD} {_POLICY}
storage.objects: {_CRUD} {_POLICY}
vpcaccess.connectors: create delete get list update use
vpcaccess.locations: list
vpcaccess.operations: get list
workflows.executions: cancel create get list
workflows.workflows: {_CRUD}
"""


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """Every permission, sorted."""
    return tuple(
        sorted(
            f"{resource}.{verb}"
            for resource, _, verbs in (line.partition(":") for line in _LISTED.strip().splitlines())
            for verb in verbs.split()
        )
    )
