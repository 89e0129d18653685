import { createAccount, updateAccount } from '../callers/account-commands.ts'
import { accountInScope, rolesOf } from '../callers/ownership.ts'
import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { shownOf } from '../rules/billing/key-access.ts'
import {
  Account,
  AccountConnection,
  type AccountShape,
  CreateAccountInput,
  UpdateAccountInput,
} from '../schema/account.ts'
import { ApiKey } from '../schema/api-key.ts'
import { BillingSubscription } from '../schema/billing.ts'
import { builder } from '../schema/builder.ts'
import { type ApiKeyDoc, type KeyBilling, keysOfAccounts } from '../store/api-keys.ts'
import { accountPage } from './account-page.ts'

/** The keys of a page's accounts, read in one go by the first account that is asked for its keys. */
const keysOfPage = new WeakMap<AccountShape, () => Promise<Map<string, ApiKeyDoc[]>>>()

builder.objectField(Account, 'email', (t) =>
  t.string({
    nullable: true,
    description: 'Null to an API key.',
    resolve: (account, _args, { caller }) => (caller.kind === 'apiKey' ? null : account.email),
  }),
)

builder.objectField(Account, 'apiKeys', (t) =>
  t.field({
    type: [ApiKey],
    description: 'Oldest first, revoked ones included; to an API key: itself alone.',
    resolve: (account, _args, context) => keysSeen(account, context),
  }),
)

builder.objectField(Account, 'subscription', (t) =>
  t.field({
    type: BillingSubscription,
    nullable: true,
    description:
      'Over all keys, to an API key its own: the newest that is not CANCELED, else the last CANCELED one.',
    resolve: async (account, _args, context) => {
      const held = (await keysSeen(account, context)).flatMap(({ billing }) =>
        billing ? [{ id: billing.subscription, state: inMs(billing), billing }] : [],
      )
      return shownOf(held, context.deps.clock())?.billing ?? null
    },
  }),
)

/** Those of the account that the caller may see. */
async function keysSeen(account: AccountShape, { deps, caller }: Context): Promise<ApiKeyDoc[]> {
  const read = keysOfPage.get(account) ?? (() => keysOfAccounts(deps.db, [account._id]))
  const keys = (await read()).get(account._id) ?? []
  return caller.kind === 'apiKey' ? keys.filter(({ _id }) => _id === caller.apiKey._id) : keys
}

function inMs({ status, startedAt, endsAt }: KeyBilling) {
  return { status, startedAt: startedAt.getTime(), endsAt: endsAt?.getTime() ?? null }
}

builder.queryField('account', (t) =>
  t.field({
    type: Account,
    nullable: true,
    extensions: access(['apiKey', 'account']),
    resolve: (_root, _args, { caller }) =>
      caller.kind === 'apiKey' || caller.kind === 'account' ? caller.account : null,
  }),
)

builder.queryField('accounts', (t) =>
  t.field({
    type: AccountConnection,
    nullable: true,
    description:
      'Newest first; search finds parts of names, addresses and user ids, and whole ids.',
    extensions: access(['admin']),
    args: { first: t.arg.int(), after: t.arg.string(), search: t.arg.string() },
    resolve: async (_root, args, { deps }) => {
      const page = await accountPage(deps.db, args)
      const nodes = page.edges.map(({ node }) => node)
      const read = once(() =>
        keysOfAccounts(
          deps.db,
          nodes.map(({ _id }) => _id),
        ),
      )
      for (const node of nodes) keysOfPage.set(node, read)
      return page
    },
  }),
)

builder.mutationField('createAccount', (t) =>
  t.field({
    type: Account,
    nullable: true,
    extensions: access(['admin']),
    args: { input: t.arg({ type: CreateAccountInput, required: true }) },
    resolve: (_root, { input }, { deps }) => createAccount(deps.db, input, deps),
  }),
)

builder.mutationField('updateAccount', (t) =>
  t.field({
    type: Account,
    nullable: true,
    description: 'The owner changes his own account and may leave out id.',
    extensions: access(['account', 'admin']),
    args: {
      id: t.arg.id(),
      input: t.arg({ type: UpdateAccountInput, required: true }),
    },
    resolve: async (_root, { id, input }, { deps, caller }) => {
      const by = rolesOf(caller).includes('admin') ? 'admin' : 'owner'
      const whose = { accountId: accountInScope(caller, id, 'id'), by } as const
      const account = await updateAccount(deps.db, whose, input, deps)
      deps.callers.changed({ accountId: account._id })
      if (input.graceDays !== undefined) deps.publishBilling()
      return account
    },
  }),
)

function once<V>(read: () => Promise<V>): () => Promise<V> {
  let reading: Promise<V> | undefined
  return () => (reading ??= read())
}
