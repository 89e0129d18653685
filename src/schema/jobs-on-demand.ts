import { builder } from './builder.ts'

export interface DayAggregationShape {
  date: string
  hoursProved: boolean
  daysProved: boolean
  keys: number
  accounts: number
  totalRequests: number
  failedRequests: number
  lateKeys: number
  differenceCount: number
}

export interface MonitoringShape {
  keys: number
  alerts: Readonly<Record<string, number>>
  silenceWithheld: number
  failedKeys: number
  seconds: number
}

export const DayAggregation = builder.objectRef<DayAggregationShape>('DayAggregation').implement({
  description: 'What closing a day found.',
  fields: (t) => ({
    date: t.expose('date', { type: 'Date' }),
    hoursProved: t.exposeBoolean('hoursProved', {
      description: 'The hours were still there, and were held against the day.',
    }),
    daysProved: t.exposeBoolean('daysProved', { description: 'The same of the month’s days.' }),
    keys: t.exposeInt('keys', { description: 'With usage in the month.' }),
    accounts: t.exposeInt('accounts'),
    totalRequests: t.expose('totalRequests', { type: 'SafeInt' }),
    failedRequests: t.expose('failedRequests', { type: 'SafeInt' }),
    lateKeys: t.exposeInt('lateKeys', {
      description: 'Keys whose closed months were corrected because of late calls.',
    }),
    differenceCount: t.exposeInt('differenceCount', {
      description: 'Cells that disagree; above 0 something was lost or doubled.',
    }),
  }),
})

const RaisedAlerts = builder.objectRef<{ level: string; count: number }>('RaisedAlerts').implement({
  fields: (t) => ({ level: t.exposeString('level'), count: t.exposeInt('count') }),
})

export const Monitoring = builder.objectRef<MonitoringShape>('Monitoring').implement({
  description: 'What looking at every key found.',
  fields: (t) => ({
    keys: t.exposeInt('keys', { description: 'With usage in the running month.' }),
    alerts: t.field({
      type: [RaisedAlerts],
      resolve: ({ alerts }) => Object.entries(alerts).map(([level, count]) => ({ level, count })),
    }),
    silenceWithheld: t.exposeInt('silenceWithheld', {
      description: 'Keys that look silent while calls may be missing: nothing was raised.',
    }),
    failedKeys: t.exposeInt('failedKeys'),
    seconds: t.exposeFloat('seconds'),
  }),
})

export interface MonthInvoicingShape {
  month: string
  draft: boolean
  accounts: number
  issued: number
  known: number
  paid: number
  creditNotes: number
  problemCount: number
  problems: readonly InvoiceProblemShape[]
}

interface InvoiceProblemShape {
  accountId: string
  kind: string
  because: string
}

const InvoiceProblem = builder.objectRef<InvoiceProblemShape>('InvoiceProblem').implement({
  fields: (t) => ({
    accountId: t.exposeID('accountId'),
    kind: t.exposeString('kind'),
    because: t.exposeString('because', { description: 'In plain words.' }),
  }),
})

export const MonthInvoicing = builder.objectRef<MonthInvoicingShape>('MonthInvoicing').implement({
  description: 'What invoicing a month came to.',
  fields: (t) => ({
    month: t.expose('month', { type: 'YearMonth' }),
    draft: t.exposeBoolean('draft', { description: 'The month still runs: these are drafts.' }),
    accounts: t.exposeInt('accounts', { description: 'All that were looked at.' }),
    issued: t.exposeInt('issued', { description: 'Documents issued, or drafted, by this run.' }),
    known: t.exposeInt('known', { description: 'Documents issued before.' }),
    paid: t.exposeInt('paid', {
      description: 'Statements that were found paid at their provider.',
    }),
    creditNotes: t.exposeInt('creditNotes', {
      description: 'Over what providers gave back since.',
    }),
    problemCount: t.exposeInt('problemCount'),
    problems: t.field({
      type: [InvoiceProblem],
      description: 'The first hundred of what cannot be invoiced.',
      resolve: ({ problems }) => [...problems],
    }),
  }),
})
