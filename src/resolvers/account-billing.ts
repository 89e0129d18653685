import type { Caller } from '../context.ts'
import { Account, type AccountShape } from '../schema/account.ts'
import { builder } from '../schema/builder.ts'

/** As `email`: a key may be in many hands. */
function unlessKey<Value>(
  read: (account: AccountShape) => Value | undefined,
): (account: AccountShape, args: object, context: { caller: Caller }) => Value | null {
  return (account, _args, { caller }) => (caller.kind === 'apiKey' ? null : (read(account) ?? null))
}

builder.objectFields(Account, (t) => ({
  graceDays: t.int({
    nullable: true,
    description:
      "Days between a failed payment and the block; null: the plan's. Null to an API key.",
    resolve: unlessKey(({ graceDays }) => graceDays),
  }),
  billingName: t.string({
    nullable: true,
    description: "Whom invoices are made out to; null: the account's name. Null to an API key.",
    resolve: unlessKey(({ billingName }) => billingName),
  }),
  billingAddress: t.stringList({
    nullable: true,
    description: 'Lines. Null to an API key.',
    resolve: unlessKey(({ billingAddress }) => billingAddress),
  }),
  taxId: t.string({
    nullable: true,
    description: 'Null to an API key.',
    resolve: unlessKey(({ taxId }) => taxId),
  }),
}))
