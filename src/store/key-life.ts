import type { KeyLife } from '../rules/billing/plan-days.ts'
import type { AccessChange } from './access-history.ts'
import type { ApiKeyDoc } from './api-keys.ts'

/** @param changes the key's own, in the order of their entry */
export function lifeOf(
  { createdAt, revokedAt, tier }: Pick<ApiKeyDoc, 'createdAt' | 'revokedAt' | 'tier'>,
  changes: readonly AccessChange[],
): KeyLife {
  return {
    createdAt: createdAt.getTime(),
    revokedAt: revokedAt?.getTime() ?? null,
    tier,
    changes: changes.map(({ at, from, to }) => ({ at: at.getTime(), from, to })),
  }
}
