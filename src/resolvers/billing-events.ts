import { ApiError } from '../errors.ts'
import { access } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import {
  BillingEvent,
  BillingEventConnection,
  BillingEventStatusType,
} from '../schema/billing-event.ts'
import { builder } from '../schema/builder.ts'
import { billingInbox, replayInboxEvent } from '../store/billing-inbox.ts'
import { latestFirst } from './newest-first.ts'

builder.queryField('billingEvents', (t) =>
  t.field({
    type: BillingEventConnection,
    nullable: true,
    description: 'What payment providers sent, newest first.',
    extensions: access(['admin']),
    args: {
      status: t.arg({ type: BillingEventStatusType }),
      first: t.arg.int(),
      after: t.arg.string(),
    },
    resolve: (_root, { status, ...page }, { deps }) =>
      latestFirst(
        {
          collection: billingInbox(deps.db),
          wanted: status == null ? {} : { status },
          ...{ name: 'billingEvent', id: /^[\x21-\x7e]{1,300}$/ },
          ...{ by: 'receivedAt', dateOf: ({ receivedAt }) => receivedAt },
        },
        page,
      ),
  }),
)

builder.mutationField('replayBillingEvent', (t) =>
  t.field({
    type: BillingEvent,
    nullable: true,
    description:
      'Applies an event once more, on a schedule that starts anew. Harmless: what it says counts once, however often it is applied.',
    extensions: access(['admin']),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { deps }) => {
      const replayed = await replayInboxEvent(deps.db, id, new Date(deps.clock()))
      if (replayed === 'unknown') throw new ApiError('NOT_FOUND', 'There is no such event.')
      if (replayed === 'without body') {
        throw new BadInput('Its body is gone: it is deleted 90 days after the event was settled.')
      }
      return replayed
    },
  }),
)
