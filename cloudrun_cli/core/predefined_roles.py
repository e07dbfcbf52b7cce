"""The basic and the predefined roles. Source: Cloud Run roles and permissions, to the letter for run.*; for the other
products the role index, as patterns of permissions."""

from types import MappingProxyType

from cloudrun_cli.core.roles import EDITOR, OWNER, VIEWER, Role, Roles

_READ_PROJECT = "resourcemanager.projects.get resourcemanager.projects.list"
_RECOMMENDER = "recommender.run*.get recommender.run*.list"
_RUN_READ = (
    "run.configurations.get run.configurations.list run.executions.get run.executions.list run.instances.get "
    "run.instances.list run.jobs.get run.jobs.list run.jobs.getIamPolicy run.locations.list run.operations.get "
    "run.operations.list run.revisions.get run.revisions.list run.routes.get run.routes.list run.services.get "
    "run.services.list run.services.getIamPolicy run.tasks.get run.tasks.list run.workerpools.get "
    f"run.workerpools.list run.workerpools.getIamPolicy {_READ_PROJECT} {_RECOMMENDER}"
)
_RUN_WRITE = (
    "run.services.create run.services.update run.services.delete run.jobs.create run.jobs.update run.jobs.delete "
    "run.jobs.run run.jobs.runWithOverrides run.workerpools.create run.workerpools.update run.workerpools.delete "
    "run.instances.create run.instances.delete run.instances.start run.instances.stop run.instances.update "
    "run.routes.invoke run.executions.cancel run.executions.delete run.revisions.delete"
)
_ARTIFACTS_READ = (
    "artifactregistry.dockerimages.* artifactregistry.files.get artifactregistry.files.list "
    "artifactregistry.locations.* artifactregistry.packages.get artifactregistry.packages.list "
    "artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.get "
    "artifactregistry.repositories.list artifactregistry.tags.get artifactregistry.tags.list "
    "artifactregistry.versions.get artifactregistry.versions.list"
)
_BUILD = "cloudbuild.builds.create cloudbuild.builds.get cloudbuild.builds.list cloudbuild.builds.update"
_TOKENS = (
    "iam.serviceAccounts.getAccessToken iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.implicitDelegation "
    "iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt"
)
_NOT_EDITORS = " ".join(  # secrets' payloads and tokens of others are no editor's. Source: role index, basic roles
    f"-{pattern}"
    for pattern in (
        f"*.setIamPolicy secretmanager.versions.access {_TOKENS} iam.roles.create iam.roles.delete iam.roles.update "
        "iam.roles.undelete resourcemanager.folders.* resourcemanager.organizations.* resourcemanager.projects.create "
        "resourcemanager.projects.delete resourcemanager.projects.move resourcemanager.projects.undelete "
        "*.createTagBinding *.deleteTagBinding"
    ).split()
)

# Name, title, what it permits.
_PREDEFINED: tuple[tuple[str, str, str], ...] = (
    (OWNER, "Owner", "*"),
    (EDITOR, "Editor", f"* {_NOT_EDITORS}"),
    (VIEWER, "Viewer", "*.get *.list *.getIamPolicy -storage.objects.get -storage.objects.list"),
    (
        "roles/browser",
        "Browser",
        f"{_READ_PROJECT} resourcemanager.*.get resourcemanager.*.list *.projects.getIamPolicy",
    ),
    ("roles/run.admin", "Cloud Run Admin", f"run.* {_READ_PROJECT} {_RECOMMENDER}"),
    ("roles/run.developer", "Cloud Run Developer", f"{_RUN_READ} {_RUN_WRITE}"),
    ("roles/run.editor", "Cloud Run Editor", f"{_RUN_READ} {_RUN_WRITE}"),
    ("roles/run.viewer", "Cloud Run Viewer", _RUN_READ),
    ("roles/run.invoker", "Cloud Run Invoker", "run.jobs.run run.routes.invoke"),
    ("roles/run.servicesInvoker", "Cloud Run Service Invoker", "run.routes.invoke"),
    ("roles/run.jobsExecutor", "Cloud Run Jobs Executor", "run.jobs.run run.executions.cancel"),
    (
        "roles/run.jobsExecutorWithOverrides",
        "Cloud Run Jobs Executor With Overrides",
        "run.jobs.run run.jobs.runWithOverrides run.executions.cancel",
    ),
    (
        "roles/run.sourceDeveloper",
        "Cloud Run Source Developer",
        f"{_RUN_READ} {_RUN_WRITE} {_ARTIFACTS_READ} {_BUILD} storage.buckets.create storage.buckets.get "
        "storage.objects.create storage.objects.get storage.objects.list storage.objects.update",
    ),
    (
        "roles/run.sourceViewer",
        "Cloud Run Source Viewer",
        f"{_RUN_READ} {_ARTIFACTS_READ} cloudbuild.builds.get cloudbuild.builds.list storage.buckets.get "
        "storage.objects.get storage.objects.list",
    ),
    (
        "roles/run.builder",
        "Cloud Run Builder",
        f"{_ARTIFACTS_READ} artifactregistry.repositories.uploadArtifacts "
        "artifactregistry.repositories.deleteArtifacts artifactregistry.tags.create artifactregistry.tags.update "
        "logging.logEntries.create source.repos.get storage.objects.get storage.objects.list",
    ),
    (
        "roles/run.serviceAgent",
        "Cloud Run Service Agent",
        f"{_TOKENS} {_ARTIFACTS_READ} run.routes.invoke run.jobs.run storage.objects.get storage.objects.list "
        "vpcaccess.connectors.get vpcaccess.connectors.use compute.networks.access compute.subnetworks.use",
    ),
    (
        "roles/iam.serviceAccountUser",
        "Service Account User",
        f"iam.serviceAccounts.actAs iam.serviceAccounts.get iam.serviceAccounts.list {_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountTokenCreator",
        "Service Account Token Creator",
        f"{_TOKENS} iam.serviceAccounts.get iam.serviceAccounts.list {_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "Service Account OpenID Connect Identity Token Creator",
        "iam.serviceAccounts.getOpenIdToken",
    ),
    (
        "roles/iam.serviceAccountAdmin",
        "Service Account Admin",
        "iam.serviceAccounts.create iam.serviceAccounts.delete iam.serviceAccounts.disable iam.serviceAccounts.enable "
        "iam.serviceAccounts.get iam.serviceAccounts.getIamPolicy iam.serviceAccounts.list "
        "iam.serviceAccounts.setIamPolicy iam.serviceAccounts.undelete iam.serviceAccounts.update "
        f"{_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountCreator",
        "Create Service Accounts",
        f"iam.serviceAccounts.create iam.serviceAccounts.get iam.serviceAccounts.list {_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountDeleter",
        "Delete Service Accounts",
        f"iam.serviceAccounts.delete iam.serviceAccounts.get iam.serviceAccounts.list {_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountViewer",
        "View Service Accounts",
        "iam.serviceAccounts.get iam.serviceAccounts.getIamPolicy iam.serviceAccounts.list "
        f"iam.serviceAccountKeys.get iam.serviceAccountKeys.list {_READ_PROJECT}",
    ),
    (
        "roles/iam.serviceAccountKeyAdmin",
        "Service Account Key Admin",
        f"iam.serviceAccountKeys.* iam.serviceAccounts.get iam.serviceAccounts.list {_READ_PROJECT}",
    ),
    ("roles/iam.workloadIdentityUser", "Workload Identity User", f"{_TOKENS} iam.serviceAccounts.get -*.sign*"),
    ("roles/iam.roleViewer", "Role Viewer", f"iam.roles.get iam.roles.list {_READ_PROJECT} *.projects.getIamPolicy"),
    ("roles/iam.roleAdmin", "Role Administrator", f"iam.roles.* {_READ_PROJECT} *.projects.getIamPolicy"),
    (
        "roles/iam.organizationRoleAdmin",
        "Organization Role Administrator",
        f"iam.roles.* {_READ_PROJECT} resourcemanager.organizations.get resourcemanager.*.getIamPolicy",
    ),
    (
        "roles/iam.securityAdmin",
        "Security Admin",
        "*.getIamPolicy *.setIamPolicy *.list iam.roles.get resourcemanager.projects.get",
    ),
    ("roles/iam.securityReviewer", "Security Reviewer", "*.getIamPolicy *.list iam.roles.get"),
    (
        "roles/resourcemanager.organizationAdmin",
        "Organization Administrator",
        f"{_READ_PROJECT} resourcemanager.organizations.* resourcemanager.folders.get resourcemanager.folders.list "
        "resourcemanager.folders.getIamPolicy resourcemanager.folders.setIamPolicy "
        "resourcemanager.projects.getIamPolicy resourcemanager.projects.setIamPolicy",
    ),
    (
        "roles/resourcemanager.organizationViewer",
        "Organization Viewer",
        "resourcemanager.organizations.get",
    ),
    (
        "roles/resourcemanager.folderAdmin",
        "Folder Admin",
        f"resourcemanager.folders.* {_READ_PROJECT} resourcemanager.projects.getIamPolicy "
        "resourcemanager.projects.setIamPolicy resourcemanager.projects.move",
    ),
    (
        "roles/resourcemanager.folderCreator",
        "Folder Creator",
        f"resourcemanager.folders.create resourcemanager.folders.get resourcemanager.folders.list {_READ_PROJECT}",
    ),
    (
        "roles/resourcemanager.folderEditor",
        "Folder Editor",
        "resourcemanager.folders.delete resourcemanager.folders.get resourcemanager.folders.list "
        f"resourcemanager.folders.undelete resourcemanager.folders.update {_READ_PROJECT}",
    ),
    (
        "roles/resourcemanager.folderMover",
        "Folder Mover",
        f"resourcemanager.folders.move resourcemanager.projects.move {_READ_PROJECT}",
    ),
    (
        "roles/resourcemanager.folderViewer",
        "Folder Viewer",
        f"resourcemanager.folders.get resourcemanager.folders.list {_READ_PROJECT}",
    ),
    ("roles/resourcemanager.folderIamAdmin", "Folder IAM Admin", "resourcemanager.folders.*IamPolicy *.folders.get"),
    (
        "roles/resourcemanager.projectCreator",
        "Project Creator",
        "resourcemanager.projects.create resourcemanager.organizations.get",
    ),
    (
        "roles/resourcemanager.projectDeleter",
        "Project Deleter",
        "resourcemanager.projects.delete resourcemanager.projects.undelete",
    ),
    (
        "roles/resourcemanager.projectIamAdmin",
        "Project IAM Admin",
        f"{_READ_PROJECT} resourcemanager.projects.getIamPolicy resourcemanager.projects.setIamPolicy",
    ),
    (
        "roles/resourcemanager.projectMover",
        "Project Mover",
        f"{_READ_PROJECT} resourcemanager.projects.update resourcemanager.projects.move",
    ),
    ("roles/secretmanager.admin", "Secret Manager Admin", f"secretmanager.* {_READ_PROJECT}"),
    ("roles/secretmanager.secretAccessor", "Secret Manager Secret Accessor", "secretmanager.versions.access"),
    ("roles/secretmanager.secretVersionAdder", "Secret Manager Secret Version Adder", "secretmanager.versions.add"),
    (
        "roles/secretmanager.secretVersionManager",
        "Secret Manager Secret Version Manager",
        f"secretmanager.versions.* -*.access {_READ_PROJECT}",
    ),
    (
        "roles/secretmanager.viewer",
        "Secret Manager Viewer",
        f"secretmanager.*.get secretmanager.*.list secretmanager.secrets.getIamPolicy {_READ_PROJECT}",
    ),
    ("roles/pubsub.admin", "Pub/Sub Admin", f"pubsub.* {_READ_PROJECT}"),
    ("roles/pubsub.editor", "Pub/Sub Editor", f"pubsub.* -*.getIamPolicy -*.setIamPolicy {_READ_PROJECT}"),
    ("roles/pubsub.publisher", "Pub/Sub Publisher", "pubsub.topics.publish"),
    (
        "roles/pubsub.subscriber",
        "Pub/Sub Subscriber",
        "pubsub.snapshots.seek pubsub.subscriptions.consume pubsub.topics.attachSubscription",
    ),
    ("roles/pubsub.viewer", "Pub/Sub Viewer", f"pubsub.*.get pubsub.*.list pubsub.schemas.validate {_READ_PROJECT}"),
    ("roles/cloudscheduler.admin", "Cloud Scheduler Admin", f"cloudscheduler.* {_READ_PROJECT}"),
    ("roles/cloudscheduler.jobRunner", "Cloud Scheduler Job Runner", "cloudscheduler.jobs.run *.jobs.fullView"),
    (
        "roles/cloudscheduler.viewer",
        "Cloud Scheduler Viewer",
        f"cloudscheduler.*.get cloudscheduler.*.list {_READ_PROJECT}",
    ),
    ("roles/cloudtasks.admin", "Cloud Tasks Admin", f"cloudtasks.* {_READ_PROJECT}"),
    (
        "roles/cloudtasks.enqueuer",
        "Cloud Tasks Enqueuer",
        f"cloudtasks.tasks.create cloudtasks.tasks.fullView {_READ_PROJECT}",
    ),
    (
        "roles/cloudtasks.queueAdmin",
        "Cloud Tasks Queue Admin",
        f"cloudtasks.queues.* cloudtasks.locations.* {_READ_PROJECT}",
    ),
    (
        "roles/cloudtasks.taskRunner",
        "Cloud Tasks Task Runner",
        f"cloudtasks.tasks.run cloudtasks.tasks.fullView {_READ_PROJECT}",
    ),
    ("roles/cloudtasks.viewer", "Cloud Tasks Viewer", f"cloudtasks.*.get cloudtasks.*.list {_READ_PROJECT}"),
    ("roles/eventarc.admin", "Eventarc Admin", f"eventarc.* {_READ_PROJECT}"),
    (
        "roles/eventarc.developer",
        "Eventarc Developer",
        f"eventarc.* -*.setIamPolicy -eventarc.events.* {_READ_PROJECT}",
    ),
    ("roles/eventarc.eventReceiver", "Eventarc Event Receiver", "eventarc.events.*"),
    ("roles/eventarc.viewer", "Eventarc Viewer", f"eventarc.*.get eventarc.*.list {_READ_PROJECT}"),
    ("roles/cloudsql.admin", "Cloud SQL Admin", f"cloudsql.* {_READ_PROJECT}"),
    ("roles/cloudsql.client", "Cloud SQL Client", "cloudsql.instances.connect cloudsql.instances.get"),
    ("roles/cloudsql.instanceUser", "Cloud SQL Instance User", "cloudsql.instances.get cloudsql.instances.login"),
    ("roles/cloudsql.viewer", "Cloud SQL Viewer", f"cloudsql.*.get cloudsql.*.list {_READ_PROJECT}"),
    ("roles/redis.admin", "Cloud Memorystore Redis Admin", f"redis.* {_READ_PROJECT}"),
    ("roles/redis.viewer", "Cloud Memorystore Redis Viewer", f"redis.*.get redis.*.list {_READ_PROJECT}"),
    ("roles/vpcaccess.admin", "Serverless VPC Access Admin", f"vpcaccess.* {_READ_PROJECT}"),
    (
        "roles/vpcaccess.user",
        "Serverless VPC Access User",
        f"vpcaccess.*.get vpcaccess.*.list *.connectors.use {_READ_PROJECT}",
    ),
    ("roles/datastore.owner", "Cloud Datastore Owner", f"datastore.* {_READ_PROJECT}"),
    (
        "roles/datastore.user",
        "Cloud Datastore User",
        f"datastore.entities.* *.databases.getMetadata *.indexes.list {_READ_PROJECT}",
    ),
    ("roles/datastore.viewer", "Cloud Datastore Viewer", f"datastore.*.get datastore.*.list {_READ_PROJECT}"),
    ("roles/storage.admin", "Storage Admin", f"storage.* {_READ_PROJECT}"),
    ("roles/storage.objectAdmin", "Storage Object Admin", f"storage.objects.* {_READ_PROJECT}"),
    ("roles/storage.objectCreator", "Storage Object Creator", f"storage.objects.create {_READ_PROJECT}"),
    ("roles/storage.objectUser", "Storage Object User", f"storage.objects.* -*IamPolicy {_READ_PROJECT}"),
    (
        "roles/storage.objectViewer",
        "Storage Object Viewer",
        f"storage.objects.get storage.objects.list {_READ_PROJECT}",
    ),
    ("roles/logging.admin", "Logging Admin", f"logging.* {_READ_PROJECT}"),
    ("roles/logging.logWriter", "Logs Writer", "logging.logEntries.create logging.logEntries.route"),
    ("roles/logging.viewer", "Logs Viewer", f"logging.*.get logging.*.list {_READ_PROJECT}"),
    ("roles/monitoring.metricWriter", "Monitoring Metric Writer", "monitoring.metricDescriptors.* *.timeSeries.create"),
    ("roles/monitoring.viewer", "Monitoring Viewer", f"monitoring.*.get monitoring.*.list {_READ_PROJECT}"),
    ("roles/artifactregistry.admin", "Artifact Registry Administrator", f"artifactregistry.* {_READ_PROJECT}"),
    ("roles/artifactregistry.reader", "Artifact Registry Reader", _ARTIFACTS_READ),
    (
        "roles/artifactregistry.writer",
        "Artifact Registry Writer",
        f"{_ARTIFACTS_READ} artifactregistry.repositories.uploadArtifacts artifactregistry.tags.create "
        "artifactregistry.tags.update",
    ),
    (
        "roles/artifactregistry.repoAdmin",
        "Artifact Registry Repository Administrator",
        "artifactregistry.* -artifactregistry.repositories.create -artifactregistry.repositories.delete "
        "-artifactregistry.repositories.update -*IamPolicy",
    ),
    ("roles/cloudbuild.builds.editor", "Cloud Build Editor", f"{_BUILD} {_READ_PROJECT}"),
    ("roles/cloudbuild.builds.viewer", "Cloud Build Viewer", f"*.builds.get *.builds.list {_READ_PROJECT}"),
    (
        "roles/cloudbuild.builds.builder",
        "Cloud Build Service Account",
        f"{_BUILD} {_ARTIFACTS_READ} artifactregistry.repositories.uploadArtifacts artifactregistry.tags.* "
        "logging.logEntries.create logging.logEntries.list pubsub.topics.create pubsub.topics.publish "
        "storage.buckets.create storage.buckets.get storage.buckets.list storage.objects.*",
    ),
    ("roles/serviceusage.serviceUsageAdmin", "Service Usage Admin", f"serviceusage.* {_READ_PROJECT}"),
    (
        "roles/serviceusage.serviceUsageConsumer",
        "Service Usage Consumer",
        "serviceusage.services.get serviceusage.services.list serviceusage.services.use serviceusage.operations.*",
    ),
    ("roles/workflows.invoker", "Workflows Invoker", "workflows.executions.*"),
    (
        "roles/compute.networkUser",
        "Compute Network User",
        "compute.*.get compute.*.list compute.*.use *.networks.access",
    ),
    ("roles/compute.networkViewer", "Compute Network Viewer", "compute.*.get compute.*.list"),
)

PREDEFINED: Roles = MappingProxyType(
    {name: Role(name, title, permits=tuple(permits.split())) for name, title, permits in _PREDEFINED}
)
