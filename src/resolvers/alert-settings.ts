import { setAlertThresholds, snoozeAlerts } from '../callers/alert-settings.ts'
import { commandScope } from '../callers/ownership.ts'
import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { monthName } from '../rules/calendar-time.ts'
import { presentLevel } from '../rules/threshold.ts'
import { AlertLevelType } from '../schema/alert-level.ts'
import { AlertThresholdInput, AlertThresholdType } from '../schema/alert-settings.ts'
import { ApiKey } from '../schema/api-key.ts'
import { builder } from '../schema/builder.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.objectFields(ApiKey, (t) => ({
  alertThresholds: t.field({
    type: [AlertThresholdType],
    description: "The key's own, beside 80, 95 and 100 % of its limit.",
    resolve: (key) => key.alertThresholds ?? [],
  }),
  alertsSnoozedUntil: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'Until then alerts are recorded and sent to nobody; null: they are sent.',
    resolve: ({ alertsSnoozedUntil: until }, _args, { deps }) =>
      until && until.getTime() > deps.clock() ? until : null,
  }),
  lastAlertLevel: t.field({
    type: AlertLevelType,
    nullable: true,
    description:
      'Of this month under the present limit: WARNING, CRITICAL or EXCEEDED; null: none. At most a minute old.',
    resolve: (key, _args, { deps }) => {
      const monthlyLimit = deps.plans.get(key.tier)?.monthlyLimit ?? null
      return presentLevel(key, monthName(deps.clock()), monthlyLimit)
    },
  }),
}))

builder.mutationField('setAlertThresholds', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    description: "The key's own thresholds, at most 20, in place of those before.",
    extensions: ownerOrAdmin,
    args: {
      apiKeyId: t.arg.id({ required: true }),
      thresholds: t.arg({ type: [AlertThresholdInput], required: true }),
    },
    resolve: (_root, { apiKeyId, thresholds }, { deps, caller }) =>
      announced(deps, setAlertThresholds(deps.db, commandScope(caller, apiKeyId), thresholds)),
  }),
)

builder.mutationField('snoozeAlerts', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    description: 'Until then alerts of the key are recorded and sent to nobody. Null: sent again.',
    extensions: ownerOrAdmin,
    args: { apiKeyId: t.arg.id({ required: true }), until: t.arg({ type: 'DateTime' }) },
    resolve: (_root, { apiKeyId, until }, { deps, caller }) => {
      const scope = commandScope(caller, apiKeyId)
      return announced(deps, snoozeAlerts(deps.db, scope, until ?? null, deps.clock()))
    },
  }),
)

/** This process knows at once; the others hear it from MongoDB. */
async function announced(deps: Context['deps'], command: Promise<ApiKeyDoc>): Promise<ApiKeyDoc> {
  const apiKey = await command
  deps.callers.changed({ apiKeyId: apiKey._id })
  return apiKey
}
