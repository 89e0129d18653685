import {
  OVERLAP_HOURS,
  revokeApiKey,
  rotateApiKey,
  setTier,
  updateApiKey,
} from '../callers/api-key-commands.ts'
import { createApiKey, type NewApiKey } from '../callers/create-api-key.ts'
import { setOverageCap } from '../callers/overage-cap.ts'
import { commandScope, ownAccountId, rolesOf } from '../callers/ownership.ts'
import type { Caller, Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import { access } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import { ApiKey, CreateApiKeyInput, CreatedApiKey, UpdateApiKeyInput } from '../schema/api-key.ts'
import { builder } from '../schema/builder.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.objectField(ApiKey, 'monthlyLimit', (t) =>
  t.field({
    type: 'SafeInt',
    nullable: true,
    description: 'Billed units a UTC month; null: unlimited.',
    resolve: (key, _args, { deps }) => {
      const plan = deps.plans.get(key.tier)
      if (!plan) throw new Error(`key ${key._id} is on a plan that PLANS_FILE lacks`)
      return plan.monthlyLimit
    },
  }),
)

builder.mutationField('createApiKey', (t) =>
  t.field({
    type: CreatedApiKey,
    nullable: true,
    extensions: ownerOrAdmin,
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, { deps, caller }) =>
      createApiKey(
        deps.db,
        { name: input.name, ...forWhom(caller, input, deps.ownerKeyLimits) },
        deps,
      ),
  }),
)

/** Whose key it will be, on which plan, under which limits. */
function forWhom(
  caller: Caller,
  input: { accountId?: string | null | undefined; tier?: string | null | undefined },
  ownerLimits: NewApiKey['limits'],
): Pick<NewApiKey, 'accountId' | 'tier' | 'limits'> {
  const asAdmin = rolesOf(caller).includes('admin')
  if (asAdmin && (input.accountId != null || caller.kind === 'admin')) {
    if (input.accountId == null) throw new BadInput('"accountId" says whose key this will be.')
    return { accountId: input.accountId, tier: input.tier, limits: null }
  }
  const accountId = ownAccountId(caller)
  if (!asAdmin && input.accountId != null && input.accountId !== accountId) {
    throw new ApiError('NOT_FOUND', 'There is no such account.')
  }
  if (!asAdmin && (input.accountId != null || input.tier != null)) {
    throw new ApiError('FORBIDDEN', '"accountId" and "tier" are the admin\'s to choose.')
  }
  return { accountId, tier: input.tier, limits: asAdmin ? null : ownerLimits }
}

builder.mutationField('rotateApiKey', (t) =>
  t.field({
    type: CreatedApiKey,
    nullable: true,
    description:
      'A new secret for the same key; the earlier ones go on for overlapHours (0–168, default 24).',
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }), overlapHours: t.arg.int() },
    resolve: async (_root, { id, overlapHours }, { deps, caller }) => {
      const hours = overlapHours ?? OVERLAP_HOURS.default
      const rotated = await rotateApiKey(deps.db, commandScope(caller, id), hours, deps)
      deps.callers.changed({ apiKeyId: id })
      return rotated
    },
  }),
)

builder.mutationField('revokeApiKey', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) =>
      announced(deps, revokeApiKey(deps.db, commandScope(caller, id), deps)),
  }),
)

builder.mutationField('updateApiKey', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    extensions: ownerOrAdmin,
    args: {
      id: t.arg.id({ required: true }),
      input: t.arg({ type: UpdateApiKeyInput, required: true }),
    },
    resolve: (_root, { id, input }, { deps, caller }) =>
      announced(deps, updateApiKey(deps.db, commandScope(caller, id), input)),
  }),
)

builder.mutationField('setTier', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    extensions: access(['admin']),
    args: { apiKeyId: t.arg.id({ required: true }), tier: t.arg.string({ required: true }) },
    resolve: (_root, { apiKeyId, tier }, { deps }) =>
      announced(deps, setTier(deps.db, apiKeyId, tier, deps)),
  }),
)

builder.mutationField('setOverageCap', (t) =>
  t.field({
    type: ApiKey,
    nullable: true,
    description:
      'How many calls above the limit a month may be billed, on plans that bill them. 0: none are served; null: any number. From the next call on.',
    extensions: ownerOrAdmin,
    args: { apiKeyId: t.arg.id({ required: true }), units: t.arg({ type: 'SafeInt' }) },
    resolve: (_root, { apiKeyId, units }, { deps, caller }) => {
      // Left out by mistake it would take the cap away.
      if (units === undefined) throw new BadInput('"units" says how many; null: no cap.')
      return announced(deps, setOverageCap(deps.db, commandScope(caller, apiKeyId), units))
    },
  }),
)

/** This process knows at once; the others hear it from MongoDB. */
async function announced(deps: Context['deps'], command: Promise<ApiKeyDoc>): Promise<ApiKeyDoc> {
  const apiKey = await command
  deps.callers.changed({ apiKeyId: apiKey._id })
  return apiKey
}
