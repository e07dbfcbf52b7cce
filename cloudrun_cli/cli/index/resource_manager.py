"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'resource-manager folders add-iam-policy-binding': {
  'help': 'Give a member a role on a folder, and so on all that is in it.',
  'more': (),
  'examples': ('cloudrun resource-manager folders add-iam-policy-binding 123456789012 --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('FOLDER', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'resource-manager folders create': {
  'help': 'Make a folder in the organization, or in another folder.',
  'more': (),
  'examples': ('cloudrun resource-manager folders create --display-name=Shop --organization=123456789012', "cloudrun resource-manager folders create --display-name=Tests --folder=123456789012 --format='value(name)'"),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--async', ('--async', '--no-async'), 'Return at once; it is done at once either way.', '', '', (), False, False),
   ('--display-name', ('--display-name',), 'Its name for people, with no other of it beside.', 'DISPLAY_NAME', '', (), True, False),
   ('--folder', ('--folder',), 'The folder that it is in, by number.', 'FOLDER_ID', '', (), False, False),
   ('--organization', ('--organization',), 'The organization that it is in, by number.', 'ORGANIZATION_ID', '', (), False, False),
   ('--tags', ('--tags',), 'Taken as gcloud takes it; without effect here.', 'KEY=VALUE', '', (), False, False),
  ),
 },
 'resource-manager folders delete': {
  'help': 'Delete a folder that holds nothing any more.',
  'more': (),
  'examples': ('cloudrun resource-manager folders delete 123456789012',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (),
 },
 'resource-manager folders describe': {
  'help': 'Show a folder.',
  'more': (),
  'examples': ('cloudrun resource-manager folders describe 123456789012',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (),
 },
 'resource-manager folders get-ancestors-iam-policy': {
  'help': 'Print the policies of a folder and of all that it is in.',
  'more': (),
  'examples': ('cloudrun resource-manager folders get-ancestors-iam-policy 123456789012',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--include-deny', ('--include-deny', '--no-include-deny'), 'Deny policies too; here there are none.', '', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'resource-manager folders get-iam-policy': {
  'help': 'Print the policy of a folder itself; what it inherits is that of what it is in.',
  'more': (),
  'examples': ('cloudrun resource-manager folders get-iam-policy 123456789012',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'resource-manager folders list': {
  'help': 'List the folders directly in the organization, or in another folder.',
  'more': (),
  'examples': ('cloudrun resource-manager folders list --organization=123456789012',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--folder', ('--folder',), 'The folder that it is in, by number.', 'FOLDER_ID', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--organization', ('--organization',), 'The organization that it is in, by number.', 'ORGANIZATION_ID', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--show-deleted', ('--show-deleted', '--no-show-deleted'), 'Those that are deleted too.', '', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'resource-manager folders move': {
  'help': 'Put a folder, with all that is in it, into another one or into the organization itself.',
  'more': (),
  'examples': ('cloudrun resource-manager folders move 123456789012 --folder=210987654321',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--async', ('--async', '--no-async'), 'Return at once; it is done at once either way.', '', '', (), False, False),
   ('--folder', ('--folder',), 'The folder that it is in, by number.', 'FOLDER_ID', '', (), False, False),
   ('--organization', ('--organization',), 'The organization that it is in, by number.', 'ORGANIZATION_ID', '', (), False, False),
  ),
 },
 'resource-manager folders remove-iam-policy-binding': {
  'help': 'Take a role on a folder from a member.',
  'more': (),
  'examples': ('cloudrun resource-manager folders remove-iam-policy-binding 123456789012 --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('FOLDER', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'resource-manager folders set-iam-policy': {
  'help': 'Replace the policy of a folder. One that carries an etag replaces only the policy that has it.',
  'more': (),
  'examples': ('cloudrun resource-manager folders set-iam-policy 123456789012 policy.yaml',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
   ('POLICY_FILE', 'JSON or YAML file of the policy.', 'files', (), True, False),
  ),
  'flags': (),
 },
 'resource-manager folders undelete': {
  'help': 'Have a deleted folder back.',
  'more': (),
  'examples': ('cloudrun resource-manager folders undelete 123456789012',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (),
 },
 'resource-manager folders update': {
  'help': 'Give a folder another name for people.',
  'more': (),
  'examples': ('cloudrun resource-manager folders update 123456789012 --display-name=Shops',),
  'hidden': False,
  'positionals': (
   ('FOLDER_ID', 'The folder, by its number.', 'folders', (), True, False),
  ),
  'flags': (
   ('--display-name', ('--display-name',), 'Its name for people, with no other of it beside.', 'DISPLAY_NAME', '', (), True, False),
  ),
 },
}

GROUPS = {
 'resource-manager': ('Manage what projects are kept in.', (('folders', 'Manage folders and their policies.'),), ()),
 'resource-manager folders': ('Manage folders and their policies.', (), (('add-iam-policy-binding', 'Give a member a role on a folder, and so on all that is in it.'), ('create', 'Make a folder in the organization, or in another folder.'), ('delete', 'Delete a folder that holds nothing any more.'), ('describe', 'Show a folder.'), ('get-ancestors-iam-policy', 'Print the policies of a folder and of all that it is in.'), ('get-iam-policy', 'Print the policy of a folder itself; what it inherits is that of what it is in.'), ('list', 'List the folders directly in the organization, or in another folder.'), ('move', 'Put a folder, with all that is in it, into another one or into the organization itself.'), ('remove-iam-policy-binding', 'Take a role on a folder from a member.'), ('set-iam-policy', 'Replace the policy of a folder. One that carries an etag replaces only the policy that has it.'), ('undelete', 'Have a deleted folder back.'), ('update', 'Give a folder another name for people.'))),
}
