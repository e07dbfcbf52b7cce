"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'organizations add-iam-policy-binding': {
  'help': 'Give a member a role on an organization, and so on all that is in it.',
  'more': (),
  'examples': ('cloudrun organizations add-iam-policy-binding 123456789012 --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('ORGANIZATION', 'The organization, by its number or domain.', '', (), True, False),
  ),
  'flags': (
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'organizations describe': {
  'help': 'Show an organization.',
  'more': (),
  'examples': ('cloudrun organizations describe example.com',),
  'hidden': False,
  'positionals': (
   ('ORGANIZATION_ID', 'The organization, by its number or domain.', '', (), True, False),
  ),
  'flags': (),
 },
 'organizations get-iam-policy': {
  'help': 'Print the policy of an organization itself; what it inherits is that of what it is in.',
  'more': (),
  'examples': ('cloudrun organizations get-iam-policy 123456789012',),
  'hidden': False,
  'positionals': (
   ('ORGANIZATION_ID', 'The organization, by its number or domain.', '', (), True, False),
  ),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'organizations list': {
  'help': 'List the organizations that you may see.',
  'more': (),
  'examples': ('cloudrun organizations list',),
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
 'organizations remove-iam-policy-binding': {
  'help': 'Take a role on an organization from a member.',
  'more': (),
  'examples': ('cloudrun organizations remove-iam-policy-binding 123456789012 --member=user:dev@example.com --role=roles/run.viewer',),
  'hidden': False,
  'positionals': (
   ('ORGANIZATION', 'The organization, by its number or domain.', '', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Take it away under every condition.', '', '', (), False, False),
   ('--condition', ('--condition',), 'The condition: expression=…,title=…; None for none.', 'KEY=VALUE', '', (), False, False),
   ('--condition-from-file', ('--condition-from-file',), 'JSON or YAML file of the condition.', 'FILE', 'files', (), False, False),
   ('--member', ('--member',), 'Who: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, allUsers …', 'PRINCIPAL', '', (), True, False),
   ('--role', ('--role',), 'The role, such as roles/run.invoker.', 'ROLE', '', (), True, False),
  ),
 },
 'organizations set-iam-policy': {
  'help': 'Replace the policy of an organization. One that carries an etag replaces only the policy that has it.',
  'more': (),
  'examples': ('cloudrun organizations set-iam-policy 123456789012 policy.yaml',),
  'hidden': False,
  'positionals': (
   ('ORGANIZATION_ID', 'The organization, by its number or domain.', '', (), True, False),
   ('POLICY_FILE', 'JSON or YAML file of the policy.', 'files', (), True, False),
  ),
  'flags': (),
 },
}

GROUPS = {
 'organizations': ('View organizations and manage their policies.', (), (('add-iam-policy-binding', 'Give a member a role on an organization, and so on all that is in it.'), ('describe', 'Show an organization.'), ('get-iam-policy', 'Print the policy of an organization itself; what it inherits is that of what it is in.'), ('list', 'List the organizations that you may see.'), ('remove-iam-policy-binding', 'Take a role on an organization from a member.'), ('set-iam-policy', 'Replace the policy of an organization. One that carries an etag replaces only the policy that has it.'))),
}
