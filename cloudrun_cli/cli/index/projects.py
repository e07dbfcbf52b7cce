"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'projects add-iam-policy-binding': {
  'help': 'Give a member a role on a project, and so on all that is in it.',
  'more': (),
  'examples': ('cloudrun projects add-iam-policy-binding demo --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The project, by its id.', 'projects', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'projects create': {
  'help': 'Make a project, which is yours. It is in the organization unless a folder is named.',
  'more': (),
  'examples': ("cloudrun projects create shop-staging --name='Shop, staging' --labels=env=staging", 'cloudrun projects create shop-test --folder=123456789012 --set-as-default'),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The id of the new project.', '', (), False, False),
  ),
  'flags': (
   ('--no-enable-cloud-apis', ('--enable-cloud-apis', '--no-enable-cloud-apis'), 'Every API is enabled here, with or without this.', '', '', (), False, False),
   ('--folder', ('--folder',), 'The folder that it is in, by number.', 'FOLDER_ID', '', (), False, False),
   ('--labels', ('--labels',), 'Its labels.', 'KEY=VALUE', '', (), False, False),
   ('--name', ('--name',), 'Its name for people; its id when none is given.', 'NAME', '', (), False, False),
   ('--organization', ('--organization',), 'The organization that it is in, by number.', 'ORGANIZATION_ID', '', (), False, False),
   ('--set-as-default', ('--set-as-default', '--no-set-as-default'), 'Make it the project in use.', '', '', (), False, False),
   ('--tags', ('--tags',), 'Taken as gcloud takes it; without effect here.', 'KEY=VALUE', '', (), False, False),
  ),
 },
 'projects delete': {
  'help': 'Ask for the deletion of a project: what is in it can be used no more. It can be had back for 30 days.',
  'more': (),
  'examples': ('cloudrun projects delete shop-test',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
  ),
  'flags': (),
 },
 'projects describe': {
  'help': 'Show a project: its number, its name, its labels and what it is in.',
  'more': (),
  'examples': ('cloudrun projects describe demo', "cloudrun projects describe demo --format='value(projectNumber)'"),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
  ),
  'flags': (),
 },
 'projects get-ancestors': {
  'help': 'List a project and all that it is in, up to the organization.',
  'more': (),
  'examples': ('cloudrun projects get-ancestors demo',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The project, by its id.', 'projects', (), True, False),
  ),
  'flags': (),
 },
 'projects get-ancestors-iam-policy': {
  'help': 'Print the policies of a project and of all that it is in.',
  'more': (),
  'examples': ('cloudrun projects get-ancestors-iam-policy demo',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The project, by its id.', 'projects', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--include-deny', ('--include-deny', '--no-include-deny'), 'Deny policies too; here there are none.', '', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'projects get-iam-policy': {
  'help': 'Print the policy of a project itself; what it inherits is that of what it is in.',
  'more': (),
  'examples': ('cloudrun projects get-iam-policy demo',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'projects list': {
  'help': 'List the projects that you may see.',
  'more': (),
  'examples': ('cloudrun projects list', 'cloudrun projects list --uri'),
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
 'projects move': {
  'help': 'Put a project into another folder, or into the organization itself; what it inherits is then theirs.',
  'more': (),
  'examples': ('cloudrun projects move shop-test --folder=123456789012',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
  ),
  'flags': (
   ('--folder', ('--folder',), 'The folder that it is in, by number.', 'FOLDER_ID', '', (), False, False),
   ('--organization', ('--organization',), 'The organization that it is in, by number.', 'ORGANIZATION_ID', '', (), False, False),
  ),
 },
 'projects remove-iam-policy-binding': {
  'help': 'Take a role on a project from a member.',
  'more': (),
  'examples': ('cloudrun projects remove-iam-policy-binding demo --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The project, by its id.', 'projects', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'projects set-iam-policy': {
  'help': 'Replace the policy of a project. One that carries an etag replaces only the policy that has it.',
  'more': (),
  'examples': ('cloudrun projects set-iam-policy demo policy.yaml',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
   ('POLICY_FILE', 'JSON or YAML file of the policy.', 'files', (), True, False),
  ),
  'flags': (),
 },
 'projects undelete': {
  'help': 'Have a deleted project back, with what is in it.',
  'more': (),
  'examples': ('cloudrun projects undelete shop-test',),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID_OR_NUMBER', 'The project, by its id or number.', 'projects', (), True, False),
  ),
  'flags': (),
 },
 'projects update': {
  'help': 'Give a project another name for people.',
  'more': (),
  'examples': ("cloudrun projects update shop-test --name='Shop, test'",),
  'hidden': False,
  'positionals': (
   ('PROJECT_ID', 'The project, by its id.', 'projects', (), True, False),
  ),
  'flags': (
   ('--name', ('--name',), 'Its name for people.', 'NAME', '', (), True, False),
  ),
 },
}

GROUPS = {
 'projects': ('Manage projects and their policies.', (), (('add-iam-policy-binding', 'Give a member a role on a project, and so on all that is in it.'), ('create', 'Make a project, which is yours. It is in the organization unless a folder is named.'), ('delete', 'Ask for the deletion of a project: what is in it can be used no more. It can be had back for 30 days.'), ('describe', 'Show a project: its number, its name, its labels and what it is in.'), ('get-ancestors', 'List a project and all that it is in, up to the organization.'), ('get-ancestors-iam-policy', 'Print the policies of a project and of all that it is in.'), ('get-iam-policy', 'Print the policy of a project itself; what it inherits is that of what it is in.'), ('list', 'List the projects that you may see.'), ('move', 'Put a project into another folder, or into the organization itself; what it inherits is then theirs.'), ('remove-iam-policy-binding', 'Take a role on a project from a member.'), ('set-iam-policy', 'Replace the policy of a project. One that carries an etag replaces only the policy that has it.'), ('undelete', 'Have a deleted project back, with what is in it.'), ('update', 'Give a project another name for people.'))),
}
