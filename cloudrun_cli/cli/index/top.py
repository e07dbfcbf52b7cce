"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'info': {
  'help': 'Show paths, ports, engine, Envoy, the local certificate authority, and what processes are not isolated from.',
  'more': (),
  'examples': ('cloudrun info', "cloudrun info --format='value(tls.ca)'"),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'version': {
  'help': 'Print the versions of this program and its parts.',
  'more': (),
  'examples': ('cloudrun version', 'cloudrun version --format=json'),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
}

GROUPS = {
 '': ('Run Cloud Run on this machine.', (('auth', 'Manage as whom commands and programs call.'), ('completion', 'Complete commands, flags and names in the shell.'), ('config', 'View and edit properties.'), ('emulator', 'Start, stop and look at what runs the services.'), ('iam', 'Manage who may do what: policies, roles and accounts.'), ('instances', 'See what runs: every instance and its life.'), ('organizations', 'View organizations and manage their policies.'), ('projects', 'Manage projects and their policies.'), ('resource-manager', 'Manage what projects are kept in.'), ('run', 'Manage your Cloud Run applications.'), ('scheduler', 'Call addresses by cron: services, the :run of jobs, or any other.'), ('secrets', 'Manage secrets, their versions, and who may read them.')), (('info', 'Show paths, ports, engine, Envoy, the local certificate authority, and what processes are not isolated from.'), ('version', 'Print the versions of this program and its parts.'))),
}

WIDE = (
 ('--access-token-file', ('--access-token-file',), 'Taken as gcloud takes it; without effect here.', 'ACCESS_TOKEN_FILE', 'files', (), False, False),
 ('--account', ('--account',), 'The account that calls are made as.', 'ACCOUNT', 'accounts', (), False, False),
 ('--authority-selector', ('--authority-selector',), 'Taken as gcloud takes it; without effect here.', 'AUTHORITY_SELECTOR', '', (), False, True),
 ('--authorization-token-file', ('--authorization-token-file',), 'Taken as gcloud takes it; without effect here.', 'AUTHORIZATION_TOKEN_FILE', '', (), False, True),
 ('--billing-project', ('--billing-project',), 'Taken as gcloud takes it; without effect here.', 'BILLING_PROJECT', '', (), False, False),
 ('--configuration', ('--configuration',), 'The configuration to use for this call.', 'CONFIGURATION', 'configurations', (), False, False),
 ('--credential-file-override', ('--credential-file-override',), 'Taken as gcloud takes it; without effect here.', 'CREDENTIAL_FILE_OVERRIDE', '', (), False, True),
 ('--document', ('--document',), 'Taken as gcloud takes it; without effect here.', 'ATTRIBUTES', '', (), False, True),
 ('--flags-file', ('--flags-file',), 'Flags and their values from a YAML or JSON file.', 'YAML_FILE', 'files', (), False, False),
 ('--flatten', ('--flatten',), 'Make one row of each item of these keys.', 'KEY', '', (), False, False),
 ('--format', ('--format',), 'How the answer is printed: yaml, json, csv, table(…), value(…) and more.', 'FORMAT', 'formats', (), False, False),
 ('--http-timeout', ('--http-timeout',), 'Taken as gcloud takes it; without effect here.', 'HTTP_TIMEOUT', '', (), False, True),
 ('--impersonate-service-account', ('--impersonate-service-account',), 'The service account to act as, which takes roles/iam.serviceAccountTokenCreator on it.', 'SERVICE_ACCOUNT_EMAILS', 'service_accounts', (), False, False),
 ('--log-http / --no-log-http', ('--log-http', '--no-log-http'), 'Tell what was changed: here no requests are made, but a journal is kept.', '', '', (), False, False),
 ('--project', ('--project',), 'The project to work in.', 'PROJECT_ID', 'projects', (), False, False),
 ('--quiet, -q', ('--quiet', '-q'), 'Answer every question with its default.', '', '', (), False, False),
 ('--trace-token', ('--trace-token',), 'Taken as gcloud takes it; without effect here.', 'TRACE_TOKEN', '', (), False, False),
 ('--universe-domain', ('--universe-domain',), 'Taken as gcloud takes it; without effect here.', 'UNIVERSE_DOMAIN', '', (), False, True),
 ('--user-output-enabled / --no-user-output-enabled', ('--user-output-enabled', '--no-user-output-enabled'), 'Print messages and answers.', '', '', (), False, False),
 ('--verbosity', ('--verbosity',), 'How much is told on stderr.', 'VERBOSITY', '', ('debug', 'info', 'warning', 'error', 'critical', 'none'), False, False),
)
