import { COUNTRY_CODES } from '../rules/tax/country-code.ts'
import type { TaxDateConnection, TaxDateEdge } from '../rules/tax/find-tax-dates.ts'
import { type Country, type Obligation, TAX_ACTIONS } from '../rules/tax/obligation.ts'
import type { TaxDate } from '../rules/tax/tax-dates.ts'
import { builder } from './builder.ts'
import { PageInfoType } from './page-info.ts'

export const CountryCodeType = builder.enumType('CountryCode', { values: COUNTRY_CODES })
export const TaxActionType = builder.enumType('TaxAction', { values: TAX_ACTIONS })
const EvidenceType = builder.enumType('Evidence', { values: ['OFFICIAL', 'SECONDARY'] as const })

const SourceType = builder.objectRef<Obligation['sources'][number]>('Source').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    url: t.exposeString('url'),
  }),
})

export const ObligationType = builder.objectRef<Obligation>('Obligation').implement({
  description: 'A duty to file or to pay.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Stable across releases.' }),
    country: t.expose('country', { type: CountryCodeType }),
    region: t.exposeString('region', {
      nullable: true,
      description: 'ISO 3166-2; null: nationwide.',
    }),
    taxType: t.exposeString('taxType'),
    taxpayer: t.exposeString('taxpayer'),
    action: t.expose('action', { type: TaxActionType }),
    rule: t.exposeString('rule', { description: 'The rule in plain words.' }),
    evidence: t.expose('evidence', { type: EvidenceType }),
    sources: t.field({ type: [SourceType], resolve: ({ sources }) => [...sources] }),
  }),
})

export const CountryType = builder.objectRef<Country>('Country').implement({
  fields: (t) => ({
    code: t.expose('code', { type: CountryCodeType }),
    name: t.exposeString('name'),
    obligations: t.field({
      type: [ObligationType],
      resolve: ({ obligations }) => [...obligations],
    }),
  }),
})

const TaxDateType = builder.objectRef<TaxDate>('TaxDate').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    obligation: t.expose('obligation', { type: ObligationType }),
    region: t.exposeString('region', {
      nullable: true,
      description: 'Where this date holds, ISO 3166-2; null: everywhere.',
    }),
    periodStart: t.expose('periodStart', { type: 'Date' }),
    periodEnd: t.expose('periodEnd', { type: 'Date' }),
    statutoryDate: t.expose('statutoryDate', {
      type: 'Date',
      description: 'Before weekends and holidays.',
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
      description:
        'Why dueDate differs from statutoryDate: the weekend, holiday or extension, named.',
    }),
  }),
})

const TaxDateEdgeType = builder.objectRef<TaxDateEdge>('TaxDateEdge').implement({
  fields: (t) => ({
    cursor: t.exposeString('cursor'),
    node: t.expose('node', { type: TaxDateType }),
  }),
})

export const TaxDateConnectionType = builder
  .objectRef<TaxDateConnection>('TaxDateConnection')
  .implement({
    fields: (t) => ({
      edges: t.field({ type: [TaxDateEdgeType], resolve: ({ edges }) => [...edges] }),
      pageInfo: t.expose('pageInfo', { type: PageInfoType }),
      totalCount: t.exposeInt('totalCount', {
        description: 'Of the whole query, not of the page.',
      }),
    }),
  })
