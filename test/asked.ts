import { type ExecutionResult, graphql } from 'graphql'
import type { Db } from 'mongodb'
import { pino } from 'pino'
import type { Caller, Context, Deps } from '../src/context.ts'
import type { Plan } from '../src/rules/plan.ts'
import { buildSchema } from '../src/schema/schema.ts'
import type { AccountDoc } from '../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys } from '../src/store/api-keys.ts'

export const silent = pino({ level: 'silent' })

export function plan(id: string, monthlyLimit: number | null): Plan {
  return {
    ...{ id, name: id, monthlyLimit, requestsPerSecond: 10, prices: { USD: '0.00' } },
    ...{ overage: null, stripePriceIds: [], paddlePriceIds: [] },
  }
}

export const plans = new Map(
  [plan('free', 1_000), plan('starter', 10_000), plan('enterprise', null)].map((one) => [
    one.id,
    one,
  ]),
)

export function account(_id: string): AccountDoc {
  const owner = { email: `${_id}@example.com`, userId: `user-${_id}` }
  return { _id, name: _id, currency: 'USD', createdAt: new Date(0), ...owner } as AccountDoc
}

/** Inserts a key and returns it. */
export async function plantKey(
  db: Db,
  _id: string,
  accountId: string,
  more: Partial<ApiKeyDoc> = {},
): Promise<ApiKeyDoc> {
  const key: ApiKeyDoc = {
    ...{ _id, accountId, name: _id, prefix: `gc_live_${_id.slice(-4)}`, lastFour: '0000' },
    secrets: [{ hash: `hash-of-${_id}` }],
    ...{ tier: 'free', blockedBecause: null, revokedAt: null, alertsEnabled: true },
    createdAt: new Date(Date.UTC(2026, 0, 1)),
    ...more,
  }
  await apiKeys(db).insertOne(key)
  return key
}

export function asOwner(accountId: string): Caller {
  return { kind: 'account', account: account(accountId), payer: null }
}

export function asKey(apiKey: ApiKeyDoc): Caller {
  return { kind: 'apiKey', apiKey, account: account(apiKey.accountId) }
}

/** A context for resolvers alone; what they do not use is not there. */
export function contextOf(caller: Caller, deps: Partial<Deps>): Context {
  return { caller, requestId: 'test', deps: { plans, log: silent, ...deps } as Deps }
}

/** Asks the resolvers directly, without the pipeline around them. */
export async function ask(
  source: string,
  context: Context,
  variableValues: Record<string, unknown> = {},
): Promise<ExecutionResult<Record<string, unknown>>> {
  const result = await graphql({
    schema: buildSchema(),
    source,
    contextValue: context,
    variableValues,
  })
  // Without the null prototypes of graphql-js, so that `toEqual` compares what a client would see.
  return { ...result, ...(result.data && { data: JSON.parse(JSON.stringify(result.data)) }) }
}
