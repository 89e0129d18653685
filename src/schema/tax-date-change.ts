import { CHANGE_EFFECTS, type TaxDateChange } from '../rules/tax/tax-date-change.ts'
import { builder } from './builder.ts'
import { CountryCodeType } from './country-code.ts'
import { SourceType } from './source.ts'

export const ChangeEffectType = builder.enumType('ChangeEffect', {
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
