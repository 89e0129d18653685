import type { Db } from 'mongodb'
import { ownAccountId, rolesOf } from '../callers/ownership.ts'
import type { Caller } from '../context.ts'
import { ApiError } from '../errors.ts'
import { access } from '../rules/access.ts'
import { Alert, AlertConnection } from '../schema/alert.ts'
import { builder } from '../schema/builder.ts'
import { toldTo } from '../store/account-records.ts'
import { type AlertDoc, alertRecords, alerts } from '../store/alerts.ts'
import { numberedPage } from './numbered-page.ts'
import { usageScope } from './usage-scope.ts'

builder.queryField('alerts', (t) =>
  t.field({
    type: AlertConnection,
    nullable: true,
    description: 'Newest first.',
    extensions: access(['apiKey', 'account']),
    args: {
      apiKeyId: t.arg.id({
        description:
          'Left out: with an API key that key, with a bearer token every key of the account.',
      }),
      first: t.arg.int({ description: '1 to 500; 50 by default.' }),
      after: t.arg.string(),
    },
    resolve: async (_root, { apiKeyId, ...page }, context) => {
      const wanted = toldTo(alertRecords, await usageScope(context, apiKeyId))
      const list = { collection: alerts(context.deps.db), wanted, name: 'alert' }
      return await numberedPage(
        { ...list, field: 'sequence', numberOf: ({ sequence }) => sequence },
        page,
      )
    },
  }),
)

builder.mutationField('acknowledgeAlert', (t) =>
  t.field({
    type: Alert,
    nullable: true,
    description: 'Somebody has seen to it. The first time counts; again changes nothing.',
    extensions: access(['account', 'admin']),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) => acknowledge(deps.db, caller, id, deps.clock()),
  }),
)

builder.subscriptionField('alertRaised', (t) =>
  t.field({
    type: Alert,
    description:
      'Each alert once, in the order in which they were raised: of an API key its own, of a bearer token those of all keys of the account.',
    extensions: access(['apiKey', 'account']),
    args: {
      after: t.arg.id({
        description:
          'Id of the last alert that was received: what was raised since comes first. Left out: only new ones.',
      }),
    },
    subscribe: async (_root, { after }, context) =>
      context.deps.alertReader.subscribe(await usageScope(context, null), after ?? null),
    resolve: (alert) => alert,
  }),
)

/** @throws ApiError NOT_FOUND, the same for another account's alert and for none */
async function acknowledge(db: Db, caller: Caller, id: string, now: number): Promise<AlertDoc> {
  const isAdmin = rolesOf(caller).includes('admin')
  const whose = isAdmin ? {} : { accountId: ownAccountId(caller) }
  const found = await alerts(db).findOneAndUpdate(
    { _id: id, ...whose, passed: false },
    [{ $set: { acknowledgedAt: { $ifNull: ['$acknowledgedAt', new Date(now)] } } }],
    { returnDocument: 'after' },
  )
  if (!found) throw new ApiError('NOT_FOUND', 'There is no such alert.')
  return found
}
