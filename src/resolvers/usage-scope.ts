import { ownAccountId, visibleKey } from '../callers/ownership.ts'
import type { Context } from '../context.ts'
import type { UsageCell, UsageCells } from '../store/usage-cells.ts'

/** Whose usage is asked for: one key's, or that of all keys an account has or ever had. */
export interface UsageScope {
  accountId: string
  apiKeyId: string | null
}

/**
 * An API key sees itself alone; a bearer token all keys of its account, together or one by one.
 * @throws ApiError NOT_FOUND for a key that is not the caller's to see, FORBIDDEN to the admin key
 */
export async function usageScope(
  { caller, deps }: Context,
  apiKeyId: string | null | undefined,
): Promise<UsageScope> {
  const accountId = ownAccountId(caller)
  if (apiKeyId != null) {
    const key = await visibleKey(deps.db, caller, apiKeyId)
    return { accountId, apiKeyId: key._id }
  }
  return { accountId, apiKeyId: caller.kind === 'apiKey' ? caller.apiKey._id : null }
}

/** The scope's cells of the periods that begin at `starts` (ms), by start; several keys: several cells. */
export async function cellsByStart(
  cells: UsageCells['days'],
  scope: UsageScope,
  starts: readonly number[],
): Promise<Map<number, UsageCell[]>> {
  const at = { $in: starts.map((start) => new Date(start)) }
  const { accountId, apiKeyId } = scope
  const whose = apiKeyId === null ? { accountId } : { apiKeyId }
  const found = await cells.find({ ...whose, at }).toArray()
  return Map.groupBy(found, (cell) => cell.at.getTime())
}
