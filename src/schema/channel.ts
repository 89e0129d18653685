import { CHANNEL_KINDS, type ChannelKind } from '../rules/channel-input.ts'
import type { ChannelDoc } from '../store/channels.ts'
import { AlertLevelType } from './alert-level.ts'
import { builder } from './builder.ts'

/** What the API reads of a channel; never its target or its secret. */
export type ChannelShape = Omit<ChannelDoc, 'target' | 'secret'>

const ChannelKindType = builder.enumType('ChannelKind', {
  description:
    'WEBHOOK: a POST of JSON to an address of your own, signed as Standard Webhooks says.',
  values: CHANNEL_KINDS,
})

export const Channel = builder.objectRef<ChannelShape>('Channel').implement({
  description:
    "Where an account hears of its alerts, and of which. The account's own e-mail address is one from the start.",
  fields: (t) => ({
    id: t.exposeID('_id'),
    kind: t.field({ type: ChannelKindType, resolve: ({ kind }): ChannelKind => kind }),
    name: t.exposeString('name'),
    target: t.exposeString('shown', {
      description: 'As much of it as may be shown: a…@example.com, https://hooks.slack.com/…',
    }),
    levels: t.expose('levels', {
      type: [AlertLevelType],
      nullable: true,
      description: 'Null: all.',
    }),
    apiKeyIds: t.exposeIDList('apiKeyIds', {
      nullable: true,
      description: 'Null: all keys of the account, those to come too.',
    }),
    enabled: t.exposeBoolean('enabled'),
    disabledBecause: t.exposeString('disabledBecause', {
      nullable: true,
      description: 'In plain words; null unless the system disabled it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
})

export const ChannelWithSecret = builder
  .objectRef<{ channel: ChannelShape; secret: string | null }>('ChannelWithSecret')
  .implement({
    fields: (t) => ({
      channel: t.expose('channel', { type: Channel }),
      secret: t.exposeString('secret', {
        nullable: true,
        description: 'whsec_…, of a WEBHOOK: its requests are signed with it. Shown once.',
      }),
    }),
  })

const targetDescription =
  'EMAIL: one address. SLACK: https://hooks.slack.com/services/… DISCORD: https://discord.com/api/webhooks/… WEBHOOK: https on port 443 of a public host.'
const levelsDescription = 'Only these levels; null: all.'
const keysDescription = 'Only these keys of the account; null: all.'

export const CreateChannelInput = builder.inputType('CreateChannelInput', {
  description: 'Only the admin names an accountId.',
  fields: (t) => ({
    accountId: t.id(),
    kind: t.field({ type: ChannelKindType, required: true }),
    name: t.string({ required: true }),
    target: t.string({ required: true, description: targetDescription }),
    levels: t.field({ type: [AlertLevelType], description: levelsDescription }),
    apiKeyIds: t.idList({ description: keysDescription }),
  }),
})

export const UpdateChannelInput = builder.inputType('UpdateChannelInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    name: t.string(),
    target: t.string({ description: "Not of the account's own address: that is Account.email." }),
    levels: t.field({ type: [AlertLevelType], description: levelsDescription }),
    apiKeyIds: t.idList({ description: keysDescription }),
    enabled: t.boolean(),
  }),
})
