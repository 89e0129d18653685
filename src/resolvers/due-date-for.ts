import { access } from '../rules/access.ts'
import { dueDateFor } from '../rules/tax/due-date-for.ts'
import { builder } from '../schema/builder.ts'
import { EventDueDateType } from '../schema/due-date-for.ts'

builder.queryField('dueDateFor', (t) =>
  t.field({
    type: EventDueDateType,
    nullable: true,
    description:
      'When is due what an event causes: for obligations whose `event` is set, which taxDates has no dates of. 1 unit.',
    args: {
      obligationId: t.arg.id({ required: true }),
      eventDate: t.arg({
        type: 'Date',
        required: true,
        description: 'The day of the event: of the payday.',
      }),
    },
    extensions: access(['apiKey', 'account'], 1),
    resolve: (_, query, { deps }) => dueDateFor(deps.taxHistory.current(), query),
  }),
)
