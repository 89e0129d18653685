import {
  type ChannelScope,
  channelsOf,
  removeChannel,
  rotateChannelSecret,
  updateChannel,
} from '../callers/channel-commands.ts'
import { createChannel, MOST_CHANNELS } from '../callers/create-channel.ts'
import { sendTestMessage, TEST_MESSAGES } from '../callers/delivery-commands.ts'
import { accountInScope, commandScope } from '../callers/ownership.ts'
import type { Caller } from '../context.ts'
import { access } from '../rules/access.ts'
import { builder } from '../schema/builder.ts'
import {
  Channel,
  ChannelWithSecret,
  CreateChannelInput,
  UpdateChannelInput,
} from '../schema/channel.ts'
import { Delivery } from '../schema/delivery.ts'
import { ownAddressId } from '../store/channels.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.objectField(Channel, 'ownAddress', (t) =>
  t.boolean({
    description: "The account's own address: it follows Account.email and can only be disabled.",
    resolve: ({ _id, accountId }) => _id === ownAddressId(accountId),
  }),
)

builder.queryField('channels', (t) =>
  t.field({
    type: [Channel],
    nullable: true,
    description: 'Oldest first. Only the admin names an accountId.',
    extensions: ownerOrAdmin,
    args: { accountId: t.arg.id() },
    resolve: (_root, { accountId }, { deps, caller }) =>
      channelsOf(deps.db, accountInScope(caller, accountId), deps),
  }),
)

builder.mutationField('createChannel', (t) =>
  t.field({
    type: ChannelWithSecret,
    nullable: true,
    description: `At most ${MOST_CHANNELS} channels an account.`,
    extensions: ownerOrAdmin,
    args: { input: t.arg({ type: CreateChannelInput, required: true }) },
    resolve: (_root, { input }, { deps, caller }) => {
      const accountId = accountInScope(caller, input.accountId)
      return createChannel(deps.db, { ...input, accountId }, deps)
    },
  }),
)

builder.mutationField('updateChannel', (t) =>
  t.field({
    type: Channel,
    nullable: true,
    description: 'Enabling it, or another target, clears disabledBecause.',
    extensions: ownerOrAdmin,
    args: {
      id: t.arg.id({ required: true }),
      input: t.arg({ type: UpdateChannelInput, required: true }),
    },
    resolve: (_root, { id, input }, { deps, caller }) =>
      updateChannel(deps.db, channelScope(caller, id), input, deps),
  }),
)

builder.mutationField('rotateChannelSecret', (t) =>
  t.field({
    type: ChannelWithSecret,
    nullable: true,
    description: 'Another secret for a WEBHOOK; the one before signs nothing from now on.',
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) =>
      rotateChannelSecret(deps.db, channelScope(caller, id), deps),
  }),
)

builder.mutationField('removeChannel', (t) =>
  t.field({
    type: Channel,
    nullable: true,
    description:
      "Its deliveries stay listed; what is still pending is given up. The account's own address can only be disabled.",
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) => removeChannel(deps.db, channelScope(caller, id)),
  }),
)

builder.mutationField('sendTestMessage', (t) =>
  t.field({
    type: Delivery,
    nullable: true,
    description: `At most ${TEST_MESSAGES.channel} an hour to a channel, and ${TEST_MESSAGES.account} from an account.`,
    extensions: ownerOrAdmin,
    args: { channelId: t.arg.id({ required: true }) },
    resolve: (_root, { channelId }, { deps, caller }) =>
      sendTestMessage(deps.db, channelScope(caller, channelId), deps),
  }),
)

function channelScope(caller: Caller, channelId: string): ChannelScope {
  return { channelId, accountId: commandScope(caller, channelId).accountId }
}
