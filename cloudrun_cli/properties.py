"""The properties there are: each with its kind, default and help line.

Those of gcloud that mean nothing on one machine are known too, so that a script which sets them goes on: they are
stored and shown, and change nothing. Source: gcloud topic configurations; gcloud config set --help.
"""

SPEEDS = (0.1, 1000.0)  # the least and the most; at the most, a minute is less than what a start takes
TRUE = ("true", "1", "on", "yes", "y")
FALSE = ("false", "0", "off", "no", "n", "", "none")


class Property:
    """One property. `kind` is text, bool, port, count, duration, speed or choice; `default` holds when nobody says."""

    __slots__ = ("choices", "default", "help", "kind", "local", "path")

    def __init__(
        self,
        path: str,
        help: str = "",
        *,
        kind: str = "text",
        default: str | None = None,
        choices: tuple[str, ...] = (),
        local: bool = True,
    ) -> None:
        self.path = path
        self.help = help
        self.kind = kind
        self.default = default
        self.choices = choices
        self.local = local  # False: kept for gcloud's sake only


_OURS = (
    Property(
        "auth/impersonate_service_account",
        "The service account that calls are made as, by who has the right to.",
    ),
    Property("core/account", "The account that calls are made as.", default="dev@example.com"),
    Property("core/disable_prompts", "Answer every question with its default.", kind="bool", default="false"),
    Property("core/project", "The project that resources belong to.", default="demo"),
    Property("core/user_output_enabled", "Whether messages and answers are printed.", kind="bool", default="true"),
    Property(
        "core/verbosity",
        "How much is told on stderr.",
        kind="choice",
        default="warning",
        choices=("debug", "info", "warning", "error", "critical", "none"),
    ),
    Property("emulator/http_port", "The port that services answer on.", kind="port", default="9080"),
    Property("emulator/https_port", "The port that services answer on with TLS.", kind="port", default="9443"),
    Property("emulator/idle_timeout", "How long an idle instance is kept.", kind="duration", default="900s"),
    Property("emulator/max_running_tasks", "How many tasks of jobs run at once.", kind="count", default="32"),
    Property(
        "emulator/settle_time",
        "How long a deploy's first instance must live on after it has begun to listen.",
        kind="duration",
        default="600ms",
    ),
    Property(
        "emulator/load_balancer_port",
        "The port of the load balancer, for services that take requests from one only; none unless set.",
        kind="port",
    ),
    Property("emulator/startup_timeout", "How long an instance may take to listen.", kind="duration", default="240s"),
    Property(
        "emulator/time_scale",
        "How many times faster instances are scaled, fall asleep and are retried; the app's own time stays.",
        kind="speed",
        default="1",
    ),
    Property("run/region", "The region of services and jobs.", default="us-central1"),
    Property(
        "run/runtime",
        "Where instances run: docker, plain processes, or whichever is there.",
        kind="choice",
        default="auto",
        choices=("auto", "docker", "process"),
    ),
)

_GCLOUDS = {
    "accessibility": "screen_reader",
    "api_endpoint_overrides": "artifactregistry cloudbuild cloudscheduler cloudtasks compute eventarc iam logging "
    "pubsub redis run secretmanager sqladmin storage",
    "artifacts": "location repository",
    "auth": "access_token_file disable_credentials login_config_file",
    "billing": "quota_project",
    "builds": "kaniko_cache_ttl region timeout use_kaniko",
    "component_manager": "disable_update_check",
    "compute": "region use_new_list_usable_subnets_api zone",
    "context_aware": "use_client_certificate",
    "core": "console_log_format custom_ca_certs_file default_regional_backend_service disable_color "
    "disable_file_logging disable_usage_reporting enable_feature_flags interactive_ux_style log_http max_log_days "
    "pass_credentials_to_gsutil show_structured_logs trace_token universe_domain",
    "deploy": "delivery_pipeline region",
    "eventarc": "location",
    "functions": "gen2 region",
    "gcloudignore": "enabled",
    "metrics": "environment environment_version",
    "proxy": "address password port rdns type username",
    "redis": "region",
    "run": "cluster cluster_location platform",
    "scheduler": "location",
    "secrets": "locations replication-policy",
    "survey": "disable_prompts",
    "tasks": "location",
    "workflows": "location",
}

KNOWN: dict[str, Property] = {known.path: known for known in _OURS} | {
    f"{section}/{name}": Property(f"{section}/{name}", local=False)
    for section, names in _GCLOUDS.items()
    for name in names.split()
}
SECTIONS = frozenset(path.partition("/")[0] for path in KNOWN)
