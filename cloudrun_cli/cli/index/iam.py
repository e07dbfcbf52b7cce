"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'iam add-policy-binding': {
  'help': 'Give a member a role on any resource.',
  'more': (),
  'examples': ('cloudrun iam add-policy-binding services/hello --member=user:dev@example.com --role=roles/run.invoker', 'cloudrun iam add-policy-binding http://hello-123456789012.us-central1.run.localhost:9080 --member=allUsers --role=roles/run.invoker', 'cloudrun iam add-policy-binding secrets/key --member=serviceAccount:api@demo.iam.gserviceaccount.com --role=roles/secretmanager.secretAccessor'),
  'hidden': False,
  'positionals': (
   ('RESOURCE', "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the address of a service account, or a service's URL.", '', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'iam effective-policy': {
  'help': 'List every binding that holds for a resource, its own and those it inherits, and where each comes from.',
  'more': (),
  'examples': ('cloudrun iam effective-policy services/hello', 'cloudrun iam effective-policy projects/demo --format=json'),
  'hidden': False,
  'positionals': (
   ('RESOURCE', "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the address of a service account, or a service's URL.", '', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam get-policy': {
  'help': 'Print the policy of any resource itself; `effective-policy` has what it inherits too.',
  'more': (),
  'examples': ('cloudrun iam get-policy services/hello', 'cloudrun iam get-policy projects/demo --format=json'),
  'hidden': False,
  'positionals': (
   ('RESOURCE', "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the address of a service account, or a service's URL.", '', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam groups add-member': {
  'help': 'Put an account, or another group, into a group. The group is there once somebody is in it.',
  'more': (),
  'examples': ('cloudrun iam groups add-member devs@example.com ann@example.com',),
  'hidden': False,
  'positionals': (
   ('GROUP', 'The address of the group.', '', (), True, False),
   ('MEMBER', 'The address of an account, or of another group.', '', (), True, False),
  ),
  'flags': (),
 },
 'iam groups list': {
  'help': 'List who is in which group.',
  'more': (),
  'examples': ('cloudrun iam groups list',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam groups remove-member': {
  'help': 'Take an account, or another group, out of a group.',
  'more': (),
  'examples': ('cloudrun iam groups remove-member devs@example.com ann@example.com',),
  'hidden': False,
  'positionals': (
   ('GROUP', 'The address of the group.', '', (), True, False),
   ('MEMBER', 'The address of an account, or of another group.', '', (), True, False),
  ),
  'flags': (),
 },
 'iam lint': {
  'help': 'List what could be stricter in the project: basic roles, services on the default account, public services, roles on everything where one resource would do, unused accounts.',
  'more': (),
  'examples': ('cloudrun iam lint', "cloudrun iam lint --format='value(message,advice)' --filter=severity=WARNING"),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam remove-policy-binding': {
  'help': 'Take a role on any resource from a member.',
  'more': (),
  'examples': ('cloudrun iam remove-policy-binding services/hello --member=user:dev@example.com --role=roles/run.invoker',),
  'hidden': False,
  'positionals': (
   ('RESOURCE', "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the address of a service account, or a service's URL.", '', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'iam roles copy': {
  'help': 'Make a role that permits what another does.',
  'more': (),
  'examples': ('cloudrun iam roles copy --source=roles/run.invoker --destination=caller --dest-project=demo',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--dest-organization', ('--dest-organization',), 'Whose role the new one is.', 'DEST_ORGANIZATION', '', (), False, False),
   ('--dest-project', ('--dest-project',), 'Whose role the new one is.', 'DEST_PROJECT', 'projects', (), False, False),
   ('--destination', ('--destination',), 'The id of the new role.', 'DESTINATION', '', (), False, False),
   ('--source', ('--source',), 'The role to copy.', 'SOURCE', '', (), False, False),
   ('--source-organization', ('--source-organization',), 'Whose role the one to copy is.', 'SOURCE_ORGANIZATION', '', (), False, False),
   ('--source-project', ('--source-project',), 'Whose role the one to copy is.', 'SOURCE_PROJECT', 'projects', (), False, False),
  ),
 },
 'iam roles create': {
  'help': 'Make a role of your own, of a project or of the organization.',
  'more': (),
  'examples': ('cloudrun iam roles create caller --project=demo --title=Caller --permissions=run.routes.invoke --stage=GA', 'cloudrun iam roles create caller --organization=123456789012 --file=role.yaml'),
  'hidden': False,
  'positionals': (
   ('ROLE_ID', 'The role: the id of one of your own, or roles/NAME.', '', (), True, False),
  ),
  'flags': (
   ('--description', ('--description',), 'What it is for.', 'DESCRIPTION', '', (), False, False),
   ('--file', ('--file',), 'JSON or YAML file of the role.', 'FILE', 'files', (), False, False),
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
   ('--permissions', ('--permissions',), 'What it permits: permissions between commas.', 'PERMISSIONS', '', (), False, False),
   ('--stage', ('--stage',), 'How far it is: ALPHA, BETA, GA, DEPRECATED, DISABLED (it then grants nothing), EAP.', 'STAGE', '', (), False, False),
   ('--title', ('--title',), 'Its name for people.', 'TITLE', '', (), False, False),
  ),
 },
 'iam roles delete': {
  'help': 'Delete a role of your own: it grants nothing from then on. It can be had back for seven days.',
  'more': (),
  'examples': ('cloudrun iam roles delete caller --project=demo',),
  'hidden': False,
  'positionals': (
   ('ROLE_ID', 'The role: the id of one of your own, or roles/NAME.', '', (), True, False),
  ),
  'flags': (
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
  ),
 },
 'iam roles describe': {
  'help': 'Show a role: what it permits.',
  'more': (),
  'examples': ('cloudrun iam roles describe roles/run.invoker', 'cloudrun iam roles describe reader --project=demo'),
  'hidden': False,
  'positionals': (
   ('ROLE_ID', 'The role: the id of one of your own, or roles/NAME.', '', (), True, False),
  ),
  'flags': (
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
  ),
 },
 'iam roles list': {
  'help': 'List the predefined roles; with --project or --organization those that it has made.',
  'more': (),
  'examples': ("cloudrun iam roles list --filter='name:run'", 'cloudrun iam roles list --project=demo --show-deleted'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--show-deleted', ('--show-deleted', '--no-show-deleted'), 'Those that are deleted too.', '', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam roles undelete': {
  'help': 'Have a deleted role back.',
  'more': (),
  'examples': ('cloudrun iam roles undelete caller --project=demo',),
  'hidden': False,
  'positionals': (
   ('ROLE_ID', 'The role: the id of one of your own, or roles/NAME.', '', (), True, False),
  ),
  'flags': (
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
  ),
 },
 'iam roles update': {
  'help': 'Change a role of your own; it holds at once wherever it is given.',
  'more': (),
  'examples': ('cloudrun iam roles update caller --project=demo --add-permissions=run.jobs.run,run.executions.get',),
  'hidden': False,
  'positionals': (
   ('ROLE_ID', 'The role: the id of one of your own, or roles/NAME.', '', (), True, False),
  ),
  'flags': (
   ('--add-permissions', ('--add-permissions',), 'Permit these too, between commas.', 'ADD_PERMISSIONS', '', (), False, False),
   ('--description', ('--description',), 'What it is for.', 'DESCRIPTION', '', (), False, False),
   ('--file', ('--file',), 'JSON or YAML file of the role.', 'FILE', 'files', (), False, False),
   ('--organization', ('--organization',), 'The organization whose role it is, by number.', 'ORGANIZATION', '', (), False, False),
   ('--permissions', ('--permissions',), 'What it permits: permissions between commas.', 'PERMISSIONS', '', (), False, False),
   ('--remove-permissions', ('--remove-permissions',), 'Permit these no more, between commas.', 'REMOVE_PERMISSIONS', '', (), False, False),
   ('--stage', ('--stage',), 'How far it is: ALPHA, BETA, GA, DEPRECATED, DISABLED (it then grants nothing), EAP.', 'STAGE', '', (), False, False),
   ('--title', ('--title',), 'Its name for people.', 'TITLE', '', (), False, False),
  ),
 },
 'iam service-accounts add-iam-policy-binding': {
  'help': 'Give a member a role on a service account, such as to deploy what runs as it.',
  'more': (),
  'examples': ('cloudrun iam service-accounts add-iam-policy-binding api@demo.iam.gserviceaccount.com --member=user:ann@example.com --role=roles/iam.serviceAccountUser',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'iam service-accounts create': {
  'help': 'Make a service account: who code runs as. It may do nothing until a policy says so.',
  'more': (),
  'examples': ("cloudrun iam service-accounts create api --display-name='API runtime'",),
  'hidden': False,
  'positionals': (
   ('NAME', 'The part of its address before the @.', '', (), True, False),
  ),
  'flags': (
   ('--description', ('--description',), 'What it is for.', 'DESCRIPTION', '', (), False, False),
   ('--display-name', ('--display-name',), 'Its name for people.', 'DISPLAY_NAME', '', (), False, False),
  ),
 },
 'iam service-accounts delete': {
  'help': "Delete a service account. What policies gave it is nobody's until it is had back, within 30 days.",
  'more': (),
  'examples': ('cloudrun iam service-accounts delete api@demo.iam.gserviceaccount.com --quiet',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts describe': {
  'help': 'Show a service account.',
  'more': (),
  'examples': ('cloudrun iam service-accounts describe api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts disable': {
  'help': 'Take a service account out of use: it gets no tokens, and those it has are worth nothing.',
  'more': (),
  'examples': ('cloudrun iam service-accounts disable api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts enable': {
  'help': 'Put a service account back into use.',
  'more': (),
  'examples': ('cloudrun iam service-accounts enable api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts get-iam-policy': {
  'help': 'Print the policy of a service account itself: who may do what with it, and not what it may do.',
  'more': (),
  'examples': ('cloudrun iam service-accounts get-iam-policy api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam service-accounts keys create': {
  'help': 'Make a key of a service account, and write its private half to a file, which is the only copy there is.',
  'more': ('Client libraries act as the account when GOOGLE_APPLICATION_CREDENTIALS names the file.',),
  'examples': ('cloudrun iam service-accounts keys create key.json --iam-account=api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('OUTPUT-FILE', 'Where to write the private key; - is standard output.', 'files', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
   ('--key-file-type', ('--key-file-type',), 'The form of the file; p12 is there for old programs.', 'KEY_FILE_TYPE', '', ('json', 'p12'), False, False),
  ),
 },
 'iam service-accounts keys delete': {
  'help': 'Delete a key: what it signs is worth nothing from then on.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys delete KEY_ID --iam-account=api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('KEY-ID', 'The key, by its id.', '', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
  ),
 },
 'iam service-accounts keys disable': {
  'help': 'Take a key out of use.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys disable KEY_ID --iam-account=api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('IAM_KEY', 'The key, by its id or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The account of the key, by its address.', 'IAM_ACCOUNT', 'service_accounts', (), False, False),
  ),
 },
 'iam service-accounts keys enable': {
  'help': 'Put a key back into use.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys enable KEY_ID --iam-account=api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('IAM_KEY', 'The key, by its id or its full name.', '', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The account of the key, by its address.', 'IAM_ACCOUNT', 'service_accounts', (), False, False),
  ),
 },
 'iam service-accounts keys get-public-key': {
  'help': 'Write the public half of a key: what verifies a signature made with it.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys get-public-key KEY_ID --iam-account=api@demo.iam.gserviceaccount.com --output-file=key.pem',),
  'hidden': False,
  'positionals': (
   ('KEY-ID', 'The key, by its id.', '', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
   ('--output-file', ('--output-file',), 'Where to write it; - is standard output.', 'OUTPUT_FILE', 'files', (), True, False),
   ('--type', ('--type',), 'In a certificate (pem), or by itself (raw).', 'TYPE', '', ('pem', 'raw'), False, False),
  ),
 },
 'iam service-accounts keys list': {
  'help': 'List the keys of a service account: yours, and the one that is looked after for you.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys list --iam-account=api@demo.iam.gserviceaccount.com', 'cloudrun iam service-accounts keys list --iam-account=api@demo.iam.gserviceaccount.com --managed-by=user --created-before=2026-01-01'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--created-before', ('--created-before',), 'Only those made before this moment.', 'DATE_TIME', '', (), False, False),
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--managed-by', ('--managed-by',), 'Who looks after the keys.', 'MANAGED_BY', '', ('any', 'system', 'user'), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'iam service-accounts keys upload': {
  'help': 'Let what your own key signs speak for a service account.',
  'more': (),
  'examples': ('cloudrun iam service-accounts keys upload certificate.pem --iam-account=api@demo.iam.gserviceaccount.com',),
  'hidden': False,
  'positionals': (
   ('PUBLIC_KEY_FILE', 'The certificate (X.509, PEM, RSA) of your own key.', 'files', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
  ),
 },
 'iam service-accounts list': {
  'help': 'List the service accounts of the project.',
  'more': (),
  'examples': ('cloudrun iam service-accounts list', "cloudrun iam service-accounts list --filter=disabled=true --format='value(email)'"),
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
 'iam service-accounts remove-iam-policy-binding': {
  'help': 'Take a role on a service account from a member.',
  'more': (),
  'examples': ('cloudrun iam service-accounts remove-iam-policy-binding api@demo.iam.gserviceaccount.com --member=user:ann@example.com --role=roles/iam.serviceAccountUser',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'iam service-accounts set-iam-policy': {
  'help': 'Replace the policy of a service account. One that carries an etag replaces only the policy that has it.',
  'more': (),
  'examples': ('cloudrun iam service-accounts set-iam-policy api@demo.iam.gserviceaccount.com policy.yaml',),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
   ('POLICY_FILE', 'JSON or YAML file of the policy.', 'files', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts sign-blob': {
  'help': 'Sign a file as a service account (RSA, SHA-256).',
  'more': (),
  'examples': ('cloudrun iam service-accounts sign-blob --iam-account=api@demo.iam.gserviceaccount.com input.bin output.sig',),
  'hidden': False,
  'positionals': (
   ('INPUT-FILE', 'The file with what is to be signed.', 'files', (), True, False),
   ('OUTPUT-FILE', 'Where to write it; - is standard output.', 'files', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
  ),
 },
 'iam service-accounts sign-jwt': {
  'help': 'Sign the claims of a JSON file as a service account; a JWT (RS256).',
  'more': (),
  'examples': ('cloudrun iam service-accounts sign-jwt --iam-account=api@demo.iam.gserviceaccount.com claims.json output.jwt',),
  'hidden': False,
  'positionals': (
   ('INPUT-FILE', 'The file with what is to be signed.', 'files', (), True, False),
   ('OUTPUT-FILE', 'Where to write it; - is standard output.', 'files', (), True, False),
  ),
  'flags': (
   ('--iam-account', ('--iam-account',), 'The service account, by its address or its unique id.', 'IAM_ACCOUNT', 'service_accounts', (), True, False),
  ),
 },
 'iam service-accounts undelete': {
  'help': 'Have a deleted service account back, with what policies gave it.',
  'more': (),
  'examples': ('cloudrun iam service-accounts undelete 103271949540120710052',),
  'hidden': False,
  'positionals': (
   ('ACCOUNT_ID', 'The unique id of the account: a number of 21 digits.', '', (), True, False),
  ),
  'flags': (),
 },
 'iam service-accounts update': {
  'help': 'Change the name and the description of a service account. Its address never changes.',
  'more': (),
  'examples': ("cloudrun iam service-accounts update api@demo.iam.gserviceaccount.com --display-name='The API'",),
  'hidden': False,
  'positionals': (
   ('SERVICE_ACCOUNT', 'The service account, by its address or its unique id.', 'service_accounts', (), True, False),
  ),
  'flags': (
   ('--description', ('--description',), 'What it is for.', 'DESCRIPTION', '', (), False, False),
   ('--display-name', ('--display-name',), 'Its name for people.', 'DISPLAY_NAME', '', (), False, False),
  ),
 },
 'iam troubleshoot': {
  'help': 'Tell whether a member has a permission on a resource, by which binding where; or what is missing, and the command that would grant it.',
  'more': (),
  'examples': ('cloudrun iam troubleshoot user:dev@example.com run.routes.invoke services/hello', 'cloudrun iam troubleshoot anonymous run.routes.invoke services/hello', 'cloudrun iam troubleshoot api@demo.iam.gserviceaccount.com secretmanager.versions.access secrets/key'),
  'hidden': False,
  'positionals': (
   ('MEMBER', 'Who: user:EMAIL, serviceAccount:EMAIL, an EMAIL, or anonymous (allUsers).', '', (), True, False),
   ('PERMISSION', 'What they would do, such as run.routes.invoke.', '', (), True, False),
   ('RESOURCE', "What it is about: services/NAME, jobs/NAME, secrets/NAME, projects/ID, folders/NUMBER, a full name, the address of a service account, or a service's URL.", '', (), True, False),
  ),
  'flags': (
   ('--request-host', ('--request-host',), 'The host they would call, for conditions.', 'REQUEST_HOST', '', (), False, False),
   ('--request-path', ('--request-path',), 'The path they would call, for conditions.', 'REQUEST_PATH', '', (), False, False),
   ('--request-time', ('--request-time',), 'When they would, for conditions: 2027-01-31T12:00:00Z.', 'REQUEST_TIME', '', (), False, False),
  ),
 },
}

GROUPS = {
 'iam': ('Manage who may do what: policies, roles and accounts.', (('groups', 'Say who is in the groups that policies name.'), ('roles', 'View roles, and manage those of your own.'), ('service-accounts', 'Manage service accounts: who code runs as.')), (('add-policy-binding', 'Give a member a role on any resource.'), ('effective-policy', 'List every binding that holds for a resource, its own and those it inherits, and where each comes from.'), ('get-policy', 'Print the policy of any resource itself; `effective-policy` has what it inherits too.'), ('lint', 'List what could be stricter in the project: basic roles, services on the default account, public services, roles on everything where one resource would do, unused accounts.'), ('remove-policy-binding', 'Take a role on any resource from a member.'), ('troubleshoot', 'Tell whether a member has a permission on a resource, by which binding where; or what is missing, and the command that would grant it.'))),
 'iam groups': ('Say who is in the groups that policies name.', (), (('add-member', 'Put an account, or another group, into a group. The group is there once somebody is in it.'), ('list', 'List who is in which group.'), ('remove-member', 'Take an account, or another group, out of a group.'))),
 'iam roles': ('View roles, and manage those of your own.', (), (('copy', 'Make a role that permits what another does.'), ('create', 'Make a role of your own, of a project or of the organization.'), ('delete', 'Delete a role of your own: it grants nothing from then on. It can be had back for seven days.'), ('describe', 'Show a role: what it permits.'), ('list', 'List the predefined roles; with --project or --organization those that it has made.'), ('undelete', 'Have a deleted role back.'), ('update', 'Change a role of your own; it holds at once wherever it is given.'))),
 'iam service-accounts': ('Manage service accounts: who code runs as.', (('keys', 'Manage the keys of service accounts.'),), (('add-iam-policy-binding', 'Give a member a role on a service account, such as to deploy what runs as it.'), ('create', 'Make a service account: who code runs as. It may do nothing until a policy says so.'), ('delete', "Delete a service account. What policies gave it is nobody's until it is had back, within 30 days."), ('describe', 'Show a service account.'), ('disable', 'Take a service account out of use: it gets no tokens, and those it has are worth nothing.'), ('enable', 'Put a service account back into use.'), ('get-iam-policy', 'Print the policy of a service account itself: who may do what with it, and not what it may do.'), ('list', 'List the service accounts of the project.'), ('remove-iam-policy-binding', 'Take a role on a service account from a member.'), ('set-iam-policy', 'Replace the policy of a service account. One that carries an etag replaces only the policy that has it.'), ('sign-blob', 'Sign a file as a service account (RSA, SHA-256).'), ('sign-jwt', 'Sign the claims of a JSON file as a service account; a JWT (RS256).'), ('undelete', 'Have a deleted service account back, with what policies gave it.'), ('update', 'Change the name and the description of a service account. Its address never changes.'))),
 'iam service-accounts keys': ('Manage the keys of service accounts.', (), (('create', 'Make a key of a service account, and write its private half to a file, which is the only copy there is.'), ('delete', 'Delete a key: what it signs is worth nothing from then on.'), ('disable', 'Take a key out of use.'), ('enable', 'Put a key back into use.'), ('get-public-key', 'Write the public half of a key: what verifies a signature made with it.'), ('list', 'List the keys of a service account: yours, and the one that is looked after for you.'), ('upload', 'Let what your own key signs speak for a service account.'))),
}
