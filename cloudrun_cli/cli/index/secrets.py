"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'secrets add-iam-policy-binding': {
  'help': 'Give a member a role on a secret. With roles/secretmanager.secretAccessor it may read the payloads.',
  'more': (),
  'examples': ('cloudrun secrets add-iam-policy-binding api-key --member=serviceAccount:web@demo.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'secrets create': {
  'help': 'Create a secret, and its first version if there is data for it.',
  'more': (),
  'examples': ('cloudrun secrets create api-key', 'printf s3cr3t | cloudrun secrets create api-key --data-file=-', 'cloudrun secrets create api-key --data-file=key.bin --replication-policy=user-managed --locations=us-central1'),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--data-file', ('--data-file',), 'The file with the payload; - is standard input.', 'PATH', 'files', (), False, False),
   ('--expire-time', ('--expire-time',), 'Let it be deleted at this time, such as 2030-01-01T08:15:30Z.', 'EXPIRE_TIME', '', (), False, False),
   ('--kms-key-name', ('--kms-key-name',), 'The key it is encrypted with in the cloud; here its name is kept.', 'KMS_KEY_NAME', '', (), False, False),
   ('--labels', ('--labels',), 'Labels.', 'KEY=VALUE', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--locations', ('--locations',), 'Where a user-managed one is kept.', 'LOCATION', '', (), False, False),
   ('--next-rotation-time', ('--next-rotation-time',), 'When it is to be rotated next; kept, and nobody is told.', 'NEXT_ROTATION_TIME', '', (), False, False),
   ('--regional-kms-key-name', ('--regional-kms-key-name',), 'The key of a regional secret; there are none here.', 'REGIONAL_KMS_KEY_NAME', '', (), False, False),
   ('--replication-policy', ('--replication-policy',), 'automatic, or user-managed with --locations.', 'POLICY', '', (), False, False),
   ('--replication-policy-file', ('--replication-policy-file',), 'JSON or YAML file of the replication; - is standard input.', 'REPLICATION_POLICY_FILE', 'files', (), False, False),
   ('--rotation-period', ('--rotation-period',), 'How often it is to be rotated, such as 7200s; kept, and nobody is told.', 'ROTATION_PERIOD', '', (), False, False),
   ('--secret-type', ('--secret-type',), 'What kind of thing it is.', 'SECRET_TYPE', '', ('access-key', 'certificate', 'cloud-sql-db-credentials', 'other', 'other-db-credentials', 'secret-type-unspecified'), False, False),
   ('--set-annotations', ('--set-annotations',), 'Annotations.', 'KEY=VALUE', '', (), False, False),
   ('--tags', ('--tags',), 'Resource tags.', 'KEY=VALUE', '', (), False, False),
   ('--topics', ('--topics',), 'Topics that are told of changes; kept, and nobody is told.', 'TOPICS', '', (), False, False),
   ('--ttl', ('--ttl',), 'Let it be deleted after so many seconds, such as 600s.', 'TTL', '', (), False, False),
   ('--version-destroy-ttl', ('--version-destroy-ttl',), 'How long a version that is destroyed is only disabled.', 'VERSION_DESTROY_TTL', '', (), False, False),
  ),
 },
 'secrets delete': {
  'help': 'Delete a secret with all its versions and its policy, for ever.',
  'more': (),
  'examples': ('cloudrun secrets delete api-key --quiet', 'cloudrun secrets delete api-key --etag=\'"64ff2a"\''),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--etag', ('--etag',), 'Only while it has this etag, as `describe` shows it.', 'ETAG', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
  ),
 },
 'secrets describe': {
  'help': 'Show what is known of a secret; its payloads are not.',
  'more': (),
  'examples': ('cloudrun secrets describe api-key',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
  ),
 },
 'secrets enable-managed-rotation': {
  'help': 'Refused: the managed rotation of a regional secret, which needs Cloud SQL.',
  'more': (),
  'examples': ('cloudrun secrets enable-managed-rotation db --location=us-central1 --instance-id=sql --username=app',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--instance-id', ('--instance-id',), 'The Cloud SQL instance.', 'INSTANCE_ID', '', (), True, False),
   ('--location', ('--location',), 'The region of the secret.', 'LOCATION', 'regions', (), True, False),
   ('--password', ('--password',), "The user's password.", 'PASSWORD', '', (), False, False),
   ('--username', ('--username',), 'The user of the database.', 'USERNAME', '', (), True, False),
  ),
 },
 'secrets get-iam-policy': {
  'help': 'Print the policy of a secret: which roles its members have on it.',
  'more': (),
  'examples': ('cloudrun secrets get-iam-policy api-key',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'secrets list': {
  'help': 'List the secrets of the project.',
  'more': (),
  'examples': ('cloudrun secrets list', "cloudrun secrets list --filter='labels.team=backend' --format='value(name)'"),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'secrets locations describe': {
  'help': 'Show a location that a user-managed secret may be kept in; here each of them is this machine.',
  'more': (),
  'examples': ('cloudrun secrets locations describe us-central1',),
  'hidden': False,
  'positionals': (
   ('LOCATION', 'The location.', 'regions', (), True, False),
  ),
  'flags': (),
 },
 'secrets locations list': {
  'help': 'List the locations that user-managed secrets may be kept in.',
  'more': (),
  'examples': ('cloudrun secrets locations list', 'cloudrun secrets locations list --filter=name:europe'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'secrets remove-iam-policy-binding': {
  'help': 'Take a role on a secret from a member. Mounted files that nobody may read any more are gone at once.',
  'more': (),
  'examples': ('cloudrun secrets remove-iam-policy-binding api-key --member=serviceAccount:web@demo.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'secrets replication get': {
  'help': 'Show where a secret is kept.',
  'more': (),
  'examples': ('cloudrun secrets replication get api-key',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (),
 },
 'secrets replication set': {
  'help': 'Set with which keys a secret is encrypted in the cloud, whose names are kept here. Its places stay.',
  'more': (),
  'examples': ('cloudrun secrets replication set api-key --replication-policy-file=policy.yaml',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--replication-policy-file', ('--replication-policy-file',), 'JSON or YAML file of the replication; - is standard input.', 'REPLICATION_POLICY_FILE', 'files', (), True, False),
  ),
 },
 'secrets replication update': {
  'help': 'Change the key of one place that a secret is kept in, or remove all keys.',
  'more': (),
  'examples': ('cloudrun secrets replication update api-key --remove-cmek', 'cloudrun secrets replication update api-key --set-kms-key=projects/p/locations/global/keyRings/r/cryptoKeys/k'),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The place whose key it is.', 'REPLICA-LOCATION', 'regions', (), False, False),
   ('--remove-cmek', ('--remove-cmek', '--no-remove-cmek'), "No key of one's own, in any place.", '', '', (), False, False),
   ('--set-kms-key', ('--set-kms-key',), 'The key in the cloud; here its name is kept.', 'SET-KMS-KEY', '', (), False, False),
  ),
 },
 'secrets rotate-secret': {
  'help': 'Refused: the managed rotation of a regional secret.',
  'more': (),
  'examples': ('cloudrun secrets rotate-secret db --location=us-central1',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The region of the secret.', 'LOCATION', 'regions', (), True, False),
  ),
 },
 'secrets set-iam-policy': {
  'help': 'Replace the policy of a secret. One that carries an etag replaces only the policy that has it.',
  'more': (),
  'examples': ('cloudrun secrets set-iam-policy api-key policy.yaml',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
   ('POLICY_FILE', 'JSON or YAML file of the policy.', 'files', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
  ),
 },
 'secrets update': {
  'help': 'Change what is known of a secret: labels, annotations, names of versions, when it ends.',
  'more': (),
  'examples': ('cloudrun secrets update api-key --update-labels=team=backend', 'cloudrun secrets update api-key --update-version-aliases=stable=2', 'cloudrun secrets update api-key --ttl=86400s --quiet'),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--add-topics', ('--add-topics',), 'Add these topics.', 'ADD-TOPICS', '', (), False, False),
   ('--clear-annotations', ('--clear-annotations', '--no-clear-annotations'), 'Remove all annotations.', '', '', (), False, False),
   ('--clear-labels', ('--clear-labels', '--no-clear-labels'), 'Remove all labels.', '', '', (), False, False),
   ('--clear-topics', ('--clear-topics', '--no-clear-topics'), 'Remove all topics.', '', '', (), False, False),
   ('--clear-version-aliases', ('--clear-version-aliases', '--no-clear-version-aliases'), 'Remove all names of versions.', '', '', (), False, False),
   ('--etag', ('--etag',), 'Only while it has this etag, as `describe` shows it.', 'ETAG', '', (), False, False),
   ('--expire-time', ('--expire-time',), 'Let it be deleted at this time, such as 2030-01-01T08:15:30Z.', 'EXPIRE_TIME', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--next-rotation-time', ('--next-rotation-time',), 'When it is to be rotated next; kept, and nobody is told.', 'NEXT_ROTATION_TIME', '', (), False, False),
   ('--regional-kms-key-name', ('--regional-kms-key-name',), 'The key of a regional secret; there are none here.', 'REGIONAL_KMS_KEY_NAME', '', (), False, False),
   ('--remove-annotations', ('--remove-annotations',), 'Remove these annotations.', 'KEY', '', (), False, False),
   ('--remove-expiration', ('--remove-expiration', '--no-remove-expiration'), 'Let it not be deleted by itself.', '', '', (), False, False),
   ('--remove-labels', ('--remove-labels',), 'Remove these labels.', 'KEY', '', (), False, False),
   ('--remove-next-rotation-time', ('--remove-next-rotation-time', '--no-remove-next-rotation-time'), 'Remove the time of the next rotation.', '', '', (), False, False),
   ('--remove-regional-kms-key-name', ('--remove-regional-kms-key-name', '--no-remove-regional-kms-key-name'), 'Remove the key of a regional secret; there are none here.', '', '', (), False, False),
   ('--remove-rotation-period', ('--remove-rotation-period', '--no-remove-rotation-period'), 'Remove the period of its rotation.', '', '', (), False, False),
   ('--remove-rotation-schedule', ('--remove-rotation-schedule', '--no-remove-rotation-schedule'), 'Remove time and period of its rotation.', '', '', (), False, False),
   ('--remove-topics', ('--remove-topics',), 'Remove these topics.', 'REMOVE-TOPICS', '', (), False, False),
   ('--remove-version-aliases', ('--remove-version-aliases',), 'Remove these names of versions.', 'KEY', '', (), False, False),
   ('--remove-version-destroy-ttl', ('--remove-version-destroy-ttl', '--no-remove-version-destroy-ttl'), 'Destroy versions at once.', '', '', (), False, False),
   ('--rotation-period', ('--rotation-period',), 'How often it is to be rotated, such as 7200s; kept, and nobody is told.', 'ROTATION_PERIOD', '', (), False, False),
   ('--ttl', ('--ttl',), 'Let it be deleted after so many seconds, such as 600s.', 'TTL', '', (), False, False),
   ('--update-annotations', ('--update-annotations',), 'Set these annotations.', 'KEY=VALUE', '', (), False, False),
   ('--update-labels', ('--update-labels',), 'Set these labels.', 'KEY=VALUE', '', (), False, False),
   ('--update-version-aliases', ('--update-version-aliases',), 'Let these names stand for versions.', 'KEY=VALUE', '', (), False, False),
   ('--version-destroy-ttl', ('--version-destroy-ttl',), 'How long a version that is destroyed is only disabled.', 'VERSION_DESTROY_TTL', '', (), False, False),
  ),
 },
 'secrets versions access': {
  'help': 'Print the payload of a version, byte for byte.',
  'more': (),
  'examples': ('cloudrun secrets versions access latest --secret=api-key', 'cloudrun secrets versions access 2 --secret=api-key --out-file=key.bin'),
  'hidden': False,
  'positionals': (
   ('VERSION', 'The version: its number, an alias, latest, or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--out-file', ('--out-file',), 'Write the payload to this file, which only its owner can read.', 'OUT-FILE-PATH', 'files', (), False, False),
   ('--secret', ('--secret',), 'The secret of the version.', 'SECRET', 'secrets', (), False, False),
  ),
 },
 'secrets versions add': {
  'help': 'Add a version to a secret. Mounted files that follow the latest version show it at once.',
  'more': (),
  'examples': ('printf s3cr3t | cloudrun secrets versions add api-key --data-file=-', 'cloudrun secrets versions add api-key --data-file=key.bin'),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--data-file', ('--data-file',), 'The file with the payload; - is standard input.', 'PATH', 'files', (), True, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
  ),
 },
 'secrets versions describe': {
  'help': 'Show what is known of a version; its payload is not.',
  'more': (),
  'examples': ('cloudrun secrets versions describe 1 --secret=api-key',),
  'hidden': False,
  'positionals': (
   ('VERSION', 'The version: its number, or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--secret', ('--secret',), 'The secret of the version.', 'SECRET', 'secrets', (), False, False),
  ),
 },
 'secrets versions destroy': {
  'help': 'Destroy the payload of a version, for ever.',
  'more': (),
  'examples': ('cloudrun secrets versions destroy 1 --secret=api-key --quiet',),
  'hidden': False,
  'positionals': (
   ('VERSION', 'The version: its number, or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--etag', ('--etag',), 'Only while it has this etag, as `describe` shows it.', 'ETAG', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--secret', ('--secret',), 'The secret of the version.', 'SECRET', 'secrets', (), False, False),
  ),
 },
 'secrets versions disable': {
  'help': 'Let nobody read a version until it is enabled again.',
  'more': (),
  'examples': ('cloudrun secrets versions disable 1 --secret=api-key',),
  'hidden': False,
  'positionals': (
   ('VERSION', 'The version: its number, or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--etag', ('--etag',), 'Only while it has this etag, as `describe` shows it.', 'ETAG', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--secret', ('--secret',), 'The secret of the version.', 'SECRET', 'secrets', (), False, False),
  ),
 },
 'secrets versions enable': {
  'help': 'Let a version be read again that was disabled.',
  'more': (),
  'examples': ('cloudrun secrets versions enable 1 --secret=api-key',),
  'hidden': False,
  'positionals': (
   ('VERSION', 'The version: its number, or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--etag', ('--etag',), 'Only while it has this etag, as `describe` shows it.', 'ETAG', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--secret', ('--secret',), 'The secret of the version.', 'SECRET', 'secrets', (), False, False),
  ),
 },
 'secrets versions list': {
  'help': 'List the versions of a secret, the newest first.',
  'more': (),
  'examples': ('cloudrun secrets versions list api-key',),
  'hidden': False,
  'positionals': (
   ('SECRET', 'The secret.', 'secrets', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--location', ('--location',), 'The region of a regional secret; there are none here.', 'LOCATION', 'regions', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
}

GROUPS = {
 'secrets': ('Manage secrets, their versions, and who may read them.', (('locations', 'View where secrets may be kept.'), ('replication', 'View and change where a secret is kept.'), ('versions', 'Manage the versions of secrets, and read them.')), (('add-iam-policy-binding', 'Give a member a role on a secret. With roles/secretmanager.secretAccessor it may read the payloads.'), ('create', 'Create a secret, and its first version if there is data for it.'), ('delete', 'Delete a secret with all its versions and its policy, for ever.'), ('describe', 'Show what is known of a secret; its payloads are not.'), ('enable-managed-rotation', 'Refused: the managed rotation of a regional secret, which needs Cloud SQL.'), ('get-iam-policy', 'Print the policy of a secret: which roles its members have on it.'), ('list', 'List the secrets of the project.'), ('remove-iam-policy-binding', 'Take a role on a secret from a member. Mounted files that nobody may read any more are gone at once.'), ('rotate-secret', 'Refused: the managed rotation of a regional secret.'), ('set-iam-policy', 'Replace the policy of a secret. One that carries an etag replaces only the policy that has it.'), ('update', 'Change what is known of a secret: labels, annotations, names of versions, when it ends.'))),
 'secrets locations': ('View where secrets may be kept.', (), (('describe', 'Show a location that a user-managed secret may be kept in; here each of them is this machine.'), ('list', 'List the locations that user-managed secrets may be kept in.'))),
 'secrets replication': ('View and change where a secret is kept.', (), (('get', 'Show where a secret is kept.'), ('set', 'Set with which keys a secret is encrypted in the cloud, whose names are kept here. Its places stay.'), ('update', 'Change the key of one place that a secret is kept in, or remove all keys.'))),
 'secrets versions': ('Manage the versions of secrets, and read them.', (), (('access', 'Print the payload of a version, byte for byte.'), ('add', 'Add a version to a secret. Mounted files that follow the latest version show it at once.'), ('describe', 'Show what is known of a version; its payload is not.'), ('destroy', 'Destroy the payload of a version, for ever.'), ('disable', 'Let nobody read a version until it is enabled again.'), ('enable', 'Let a version be read again that was disabled.'), ('list', 'List the versions of a secret, the newest first.'))),
}
