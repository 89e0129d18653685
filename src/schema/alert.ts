import type { AlertLevel } from '../rules/alert.ts'
import { AlertLevelType } from './alert-level.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

/** What the API reads of an alert. */
export interface AlertShape {
  _id: string
  apiKeyId: string
  level: AlertLevel
  month: string
  used: number
  monthlyLimit: number | null
  percent: number | null
  message: string
  raisedAt: Date
  muted: boolean
  acknowledgedAt: Date | null
}

export const Alert = builder.objectRef<AlertShape>('Alert').implement({
  description: 'What was raised, once; it stays as it was then.',
  fields: (t) => ({
    id: t.exposeID('_id', { description: 'The same in the topic customer-alerts.' }),
    apiKeyId: t.exposeID('apiKeyId'),
    level: t.expose('level', { type: AlertLevelType }),
    month: t.expose('month', { type: 'YearMonth' }),
    used: t.expose('used', {
      type: 'SafeInt',
      description:
        'Billed units of the month when it was raised; of the day, where it is about a day.',
    }),
    monthlyLimit: t.expose('monthlyLimit', {
      type: 'SafeInt',
      nullable: true,
      description: 'When it was raised; null: unlimited.',
    }),
    percent: t.exposeFloat('percent', {
      nullable: true,
      description: 'Of the limit; null where it is not about a share of it.',
    }),
    message: t.exposeString('message', { description: 'For people, without markup.' }),
    raisedAt: t.expose('raisedAt', { type: 'DateTime' }),
    muted: t.exposeBoolean('muted', {
      description: 'The key was silenced: it is on record and was sent to no channel.',
    }),
    acknowledgedAt: t.expose('acknowledgedAt', { type: 'DateTime', nullable: true }),
  }),
})

export const AlertConnection = connectionType('Alert', Alert)
