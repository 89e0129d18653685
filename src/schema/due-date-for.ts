import type {
  EventDueDate,
  EventDueDateVariant,
  EventReckoning,
} from '../rules/tax/due-date-for.ts'
import { builder } from './builder.ts'
import { MoveType, ObligationType } from './tax.ts'

const EventReckoningType = builder.interfaceRef<EventReckoning>('EventReckoning').implement({
  description: 'A due date counted from an event.',
  fields: (t) => ({
    businessDays: t.exposeInt('businessDays', {
      description: 'How many are counted from the day after the event; 0: due on the day itself.',
    }),
    statutoryDate: t.expose('statutoryDate', {
      type: 'Date',
      description: 'Counted without weekends, before holidays.',
    }),
    dueDate: t.expose('dueDate', { type: 'Date', description: 'After weekends and holidays.' }),
    payBy: t.expose('payBy', {
      type: 'Date',
      nullable: true,
      description: 'Set where payment must arrive earlier than dueDate.',
    }),
    payByReason: t.exposeString('payByReason', {
      nullable: true,
      description: 'Why payBy is earlier, and for which payments; null without payBy.',
    }),
    shiftedBy: t.exposeString('shiftedBy', {
      nullable: true,
      description: 'Why dueDate differs from statutoryDate: the weekend or holiday, named.',
    }),
    movedBy: t.field({
      type: [MoveType],
      description: 'The same step by step; empty exactly where dueDate is statutoryDate.',
      resolve: ({ movedBy }) => [...movedBy],
    }),
    provisional: t.exposeBoolean('provisional', {
      description: 'dueDate or payBy was moved by a holiday that is not proclaimed yet.',
    }),
  }),
})

const EventDueDateVariantType = builder
  .objectRef<EventDueDateVariant>('EventDueDateVariant')
  .implement({
    description: 'The due date in a case that the rule sets apart.',
    interfaces: [EventReckoningType],
    fields: (t) => ({
      when: t.exposeString('when', { description: 'In which case, in words.' }),
    }),
  })

export const EventDueDateType = builder.objectRef<EventDueDate>('EventDueDate').implement({
  description: 'When is due what one event causes, as super after a payday.',
  interfaces: [EventReckoningType],
  fields: (t) => ({
    obligation: t.expose('obligation', {
      type: ObligationType,
      description: 'Its rule tells in words what else to heed.',
    }),
    eventDate: t.expose('eventDate', { type: 'Date' }),
    variants: t.field({
      type: [EventDueDateVariantType],
      description: 'The dates of the same event in cases that the rule sets apart.',
      resolve: ({ variants }) => [...variants],
    }),
  }),
})
