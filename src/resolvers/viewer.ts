import { createAccount } from '../callers/account-commands.ts'
import { rolesOf } from '../callers/ownership.ts'
import { ApiError } from '../errors.ts'
import { access } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import { Account } from '../schema/account.ts'
import { builder } from '../schema/builder.ts'
import { Viewer } from '../schema/viewer.ts'

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    extensions: access(['account', 'admin', 'newcomer']),
    description: 'Answers a token without an account too, where it may sign up or is an admin’s.',
    resolve: (_root, _args, { caller }) => ({
      account: caller.kind === 'account' ? caller.account : null,
      admin: rolesOf(caller).includes('admin'),
      maySignUp: caller.kind === 'newcomer',
    }),
  }),
)

builder.mutationField('signUp', (t) =>
  t.field({
    type: Account,
    nullable: true,
    extensions: access(['account', 'newcomer']),
    description:
      'An account for whoever is signed in and has none, where SELF_SIGNUP is on; its keys begin on the free plan.',
    args: { name: t.arg.string({ required: true }), email: t.arg.string({ required: true }) },
    resolve: async (_root, { name, email }, { deps, caller }) => {
      if (!deps.selfSignup) throw new ApiError('FORBIDDEN', 'Nobody may sign up here.')
      if (caller.kind !== 'newcomer') throw new BadInput('You have an account already.')
      const account = await createAccount(deps.db, { name, email, userId: caller.userId }, deps)
      deps.callers.changed({ accountId: account._id })
      return account
    },
  }),
)
