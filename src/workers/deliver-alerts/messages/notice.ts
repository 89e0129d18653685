import type { AlertLevel } from '../../../rules/alert.ts'
import type { AlertDoc } from '../../../store/alerts.ts'

/** What a message says, before it has the form of a channel. */
export interface Notice {
  /** One line of ASCII: a mail's subject. Nothing that a customer typed. */
  title: string
  /** A sentence or two, without markup of any kind. May hold names as customers typed them. */
  text: string
  facts: readonly Fact[]
  tone: 'calm' | 'warning' | 'critical'
  /** Where to look further, on our own server. */
  link: string
  /** Who gets it cannot choose so; absent: because of a channel that he has. */
  about?: 'billing'
}

export interface Fact {
  label: string
  value: string
}

/** Of the key that an alert is about. */
export interface KeyNamed {
  /** `gc_live_abcd` */
  prefix: string
  name: string
}

const tones: Readonly<Record<AlertLevel, Notice['tone']>> = {
  WARNING: 'warning',
  CRITICAL: 'critical',
  EXCEEDED: 'critical',
  ANOMALY: 'warning',
  THRESHOLD: 'warning',
  EXPECTED_PEAK: 'calm',
  SILENCE: 'warning',
}

/** @param publicUrl origin under which customers reach this server */
export function noticeOfAlert(alert: AlertDoc, key: KeyNamed, publicUrl: string): Notice {
  const { level, used, monthlyLimit, percent, month, raisedAt } = alert
  const facts: Fact[] = [
    { label: 'API key', value: key.prefix },
    { label: 'Name', value: key.name },
    { label: 'Month', value: month },
    { label: 'Used', value: `${used}` },
    { label: 'Limit', value: monthlyLimit === null ? 'none' : `${monthlyLimit}` },
    ...(percent === null ? [] : [{ label: 'Share', value: `${percent}%` }]),
    { label: 'Raised', value: inMinutes(raisedAt) },
  ]
  const title = `${key.prefix}: ${headlines[level](alert)}`
  return { title, text: alert.message, facts, tone: tones[level], link: `${publicUrl}/dashboard` }
}

export function noticeOfTest(channelName: string, publicUrl: string): Notice {
  return {
    title: 'Test message of GetComplical',
    text: 'This channel works: alerts of your account will arrive here.',
    facts: [{ label: 'Channel', value: channelName }],
    tone: 'calm',
    link: `${publicUrl}/dashboard`,
  }
}

const share = ({ percent }: AlertDoc) => (percent === null ? '' : ` ${percent}%`)
const shareUsed = (alert: AlertDoc) => `${alert.percent ?? 100}% of the month's calls used`

/** Behind the key's prefix. */
const headlines: Readonly<Record<AlertLevel, (alert: AlertDoc) => string>> = {
  WARNING: shareUsed,
  CRITICAL: shareUsed,
  EXCEEDED: shareUsed,
  THRESHOLD: (alert) =>
    alert.percent === null
      ? `${alert.used} calls used, over your threshold`
      : `your threshold of${share(alert)} is reached`,
  ANOMALY: () => 'unusual number of calls today',
  EXPECTED_PEAK: () => 'many calls today, as expected before a due date',
  SILENCE: () => 'no calls, which is unusual',
}

/** `2026-11-22 20:38 UTC` */
function inMinutes(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
