import { CHANGE_EFFECTS, type TaxDateChange } from '../rules/tax/tax-date-change.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'
import { CountryCodeType } from './country-code.ts'
import { SourceType } from './source.ts'

const ChangeEffectType = builder.enumType('ChangeEffect', {
  description:
    "MOVED: due on another day. WITHDRAWN: no duty for this period. RESTORED: the rule's own date holds again.",
  values: CHANGE_EFFECTS,
})

export const TaxDateChangeType = builder.objectRef<TaxDateChange>('TaxDateChange').implement({
  description: 'What an authority announced: a postponement, a new law, and its end.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Counted up in the order of entry.' }),
    country: t.expose('country', { type: CountryCodeType }),
    obligationId: t.exposeID('obligationId', {
      nullable: true,
      description: 'Null: a notice that concerns no listed obligation.',
    }),
    periodEnd: t.expose('periodEnd', { type: 'Date', nullable: true }),
    region: t.exposeString('region', {
      nullable: true,
      description: 'ISO 3166-2: only there; null: everywhere.',
    }),
    effect: t.expose('effect', { type: ChangeEffectType }),
    dueDate: t.expose('dueDate', {
      type: 'Date',
      nullable: true,
      description: 'The new due date; null unless MOVED.',
    }),
    appliesTo: t.exposeString('appliesTo', {
      nullable: true,
      description:
        'Only for whom; null: for everybody. What holds for some only is told, and moves no date.',
    }),
    reason: t.exposeString('reason'),
    source: t.expose('source', { type: SourceType }),
    enteredAt: t.field({
      type: 'DateTime',
      description: 'From then on the API says so.',
      resolve: ({ enteredAt }) => new Date(enteredAt),
    }),
  }),
})

export const TaxDateChangeConnectionType = connectionType('TaxDateChange', TaxDateChangeType)

const SourceInput = builder.inputType('SourceInput', {
  description: 'Where a fact was read.',
  fields: (t) => ({
    name: t.string({ required: true }),
    url: t.string({ required: true, description: 'Over https.' }),
    readOn: t.field({ type: 'Date', required: true, description: 'The day somebody read it.' }),
  }),
})

export const AnnounceTaxDateChangeInput = builder.inputType('AnnounceTaxDateChangeInput', {
  description: 'What an authority announced, and where that was read.',
  fields: (t) => ({
    country: t.field({
      type: CountryCodeType,
      description: 'Follows from the obligation; needed for a notice about none.',
    }),
    obligationId: t.id({ description: 'Left out: a notice that concerns no listed obligation.' }),
    periodEnd: t.field({ type: 'Date', description: 'With obligationId.' }),
    region: t.string({ description: 'ISO 3166-2: only there; left out: everywhere.' }),
    effect: t.field({ type: ChangeEffectType, defaultValue: 'MOVED' }),
    dueDate: t.field({ type: 'Date', description: 'Exactly with MOVED.' }),
    appliesTo: t.string({
      description: 'Only for whom, in words: it is then told with the date and moves nothing.',
    }),
    reason: t.string({ required: true, description: 'What happened, at most 500 characters.' }),
    source: t.field({ type: SourceInput, required: true }),
  }),
})
