import type { Db, Filter } from 'mongodb'
import { noSuchChannel } from '../callers/channel-commands.ts'
import { replayDelivery } from '../callers/delivery-commands.ts'
import { accountInScope, commandScope } from '../callers/ownership.ts'
import { access } from '../rules/access.ts'
import type { Connection, PageArguments } from '../rules/connection.ts'
import { builder } from '../schema/builder.ts'
import { Delivery, DeliveryConnection, DeliveryStatusType } from '../schema/delivery.ts'
import { channels } from '../store/channels.ts'
import { type DeliveryDoc, deliveries } from '../store/deliveries.ts'
import { newestFirst } from './newest-first.ts'

const ownerOrAdmin = access(['account', 'admin'])

builder.queryField('deliveries', (t) =>
  t.field({
    type: DeliveryConnection,
    nullable: true,
    description:
      'What an account was sent or will be, newest first, also to channels that were removed. Only the admin names an accountId.',
    extensions: ownerOrAdmin,
    args: {
      accountId: t.arg.id(),
      channelId: t.arg.id(),
      status: t.arg({ type: DeliveryStatusType }),
      first: t.arg.int(),
      after: t.arg.string(),
    },
    resolve: async (_root, { accountId, channelId, status, ...page }, { deps, caller }) => {
      const ofAccount = { accountId: accountInScope(caller, accountId) }
      const ofChannel = channelId == null ? ofAccount : { ...ofAccount, channelId }
      if ('channelId' in ofChannel) await checkChannel(deps.db, ofChannel)
      const wanted = { ...ofChannel, ...(status != null && { status }) }
      return await deliveryPage(deps.db, wanted, page)
    },
  }),
)

/** @throws BadInput */
function deliveryPage(
  db: Db,
  wanted: Filter<DeliveryDoc>,
  page: PageArguments,
): Promise<Connection<DeliveryDoc>> {
  const list = { collection: deliveries(db), name: 'delivery', id: /^[\x21-\x7e]{1,300}$/ }
  return newestFirst({ ...list, wanted }, page)
}

/** A channel that is there, or that has left a history. */
async function checkChannel(
  db: Db,
  { accountId, channelId }: { accountId: string; channelId: string },
): Promise<void> {
  const found =
    (await channels(db).findOne({ _id: channelId, accountId })) ??
    (await deliveries(db).findOne({ channelId, accountId }))
  if (!found) throw noSuchChannel()
}

builder.queryField('deadDeliveries', (t) =>
  t.field({
    type: DeliveryConnection,
    nullable: true,
    description: 'What was given up, of all accounts, newest first.',
    extensions: access(['admin']),
    args: { first: t.arg.int(), after: t.arg.string() },
    resolve: (_root, page, { deps }) => deliveryPage(deps.db, { status: 'DEAD' }, page),
  }),
)

builder.mutationField('replayDelivery', (t) =>
  t.field({
    type: Delivery,
    nullable: true,
    description:
      'Sends once more what was given up, with the same id. Repeated, it changes nothing.',
    extensions: ownerOrAdmin,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { deps, caller }) => {
      const { accountId } = commandScope(caller, id)
      return replayDelivery(deps.db, { deliveryId: id, accountId }, deps)
    },
  }),
)
