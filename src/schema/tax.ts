import { assumedSize } from '../rules/assumed-size.ts'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from '../rules/tax/classification.ts'
import { type Country, type Obligation, TAX_ACTIONS } from '../rules/tax/obligation.ts'
import { type Disagreement, MOVE_KINDS, type Move } from '../rules/tax/provenance.ts'
import type { TaxDate } from '../rules/tax/tax-dates.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'
import { CountryCodeType } from './country-code.ts'
import { SourceType } from './source.ts'
import { TaxDateChangeType } from './tax-date-change.ts'

export const TaxActionType = builder.enumType('TaxAction', { values: TAX_ACTIONS })
const MoveKindType = builder.enumType('MoveKind', { values: MOVE_KINDS })
const PrintedAsType = builder.enumType('PrintedAs', {
  description: 'Whether a print means the date before weekends and holidays, or after them.',
  values: ['STATUTORY', 'DUE'] as const,
})
const EvidenceType = builder.enumType('Evidence', { values: ['OFFICIAL', 'SECONDARY'] as const })

export const TaxCategoryType = builder.enumType('TaxCategory', {
  description: 'What a tax is about, across countries.',
  values: TAX_CATEGORIES,
})
export const TaxpayerKindType = builder.enumType('TaxpayerKind', {
  description:
    'What somebody is, or does: EMPLOYER pays wages; PAYER pays contractors, interest or others from whom tax is withheld or who are reported.',
  values: TAXPAYER_KINDS,
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
    category: t.expose('category', { type: TaxCategoryType }),
    taxpayer: t.exposeString('taxpayer', { description: 'Whom it meets, in words.' }),
    taxpayerKinds: t.field({
      type: [TaxpayerKindType],
      description: 'Whom it meets; any of them.',
      resolve: ({ taxpayerKinds }) => [...taxpayerKinds],
    }),
    action: t.expose('action', { type: TaxActionType }),
    rule: t.exposeString('rule', { description: 'The rule in plain words.' }),
    evidence: t.expose('evidence', { type: EvidenceType }),
    sources: t.field({
      type: [SourceType],
      extensions: assumedSize(2),
      resolve: ({ sources }) => [...sources],
    }),
    event: t.exposeString('event', {
      nullable: true,
      description:
        'What each due date is counted from, as payday; ask dueDateFor. Null: taxDates has the dates.',
    }),
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

export const MoveType = builder.objectRef<Move>('Move').implement({
  description: 'One step between the statutory date and the due date.',
  fields: (t) => ({
    kind: t.expose('kind', { type: MoveKindType }),
    date: t.expose('date', {
      type: 'Date',
      nullable: true,
      description: 'The day that was passed over; null for a CHANGE.',
    }),
    name: t.exposeString('name', {
      description:
        'The weekday, the holiday with the place where it is one, or what was announced.',
    }),
    calendar: t.string({
      nullable: true,
      description: 'By which holiday calendar; null for a CHANGE.',
      resolve: ({ calendar }) => calendar?.name ?? null,
    }),
    provisional: t.exposeBoolean('provisional', {
      description: 'The holiday is expected, and not proclaimed yet.',
    }),
  }),
})

const DisagreementType = builder.objectRef<Disagreement>('Disagreement').implement({
  description: 'A printed date that contradicts ours.',
  fields: (t) => ({
    printedDate: t.expose('printedDate', { type: 'Date' }),
    printedAs: t.expose('printedAs', { type: PrintedAsType }),
    why: t.exposeString('why', { description: 'Why the print is probably wrong.' }),
    source: t.expose('source', { type: SourceType }),
  }),
})

export const TaxDateType = builder.objectRef<TaxDate>('TaxDate').implement({
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
        'Why dueDate differs from statutoryDate: the weekend, holiday or announcement, named.',
    }),
    movedBy: t.field({
      type: [MoveType],
      description: 'The same step by step; empty exactly where dueDate is statutoryDate.',
      extensions: assumedSize(2),
      resolve: ({ movedBy }) => [...movedBy],
    }),
    provisional: t.exposeBoolean('provisional', {
      description: 'dueDate or payBy was moved by a holiday that is not proclaimed yet.',
    }),
    changes: t.field({
      type: [TaxDateChangeType],
      description: 'What was announced about this date, newest first, for everybody or for some.',
      extensions: assumedSize(1),
      resolve: ({ changes }) => [...changes],
    }),
    disagreements: t.field({
      type: [DisagreementType],
      description:
        'Printed dates that contradict this one, and why it is probably they that are wrong.',
      extensions: assumedSize(1),
      resolve: ({ disagreements }) => [...disagreements],
    }),
  }),
})

export const TaxDateConnectionType = connectionType('TaxDate', TaxDateType)
