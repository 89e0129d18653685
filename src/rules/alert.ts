/**
 * WARNING, CRITICAL and EXCEEDED: 80, 95 and 100 % of the plan's limit. THRESHOLD: one of the key's own.
 * ANOMALY: an unusual day. EXPECTED_PEAK: the same, explained by a deadline that is near. SILENCE: a key
 * that always calls has stopped.
 */
export const ALERT_LEVELS = [
  'WARNING',
  'CRITICAL',
  'EXCEEDED',
  'ANOMALY',
  'THRESHOLD',
  'EXPECTED_PEAK',
  'SILENCE',
] as const
export type AlertLevel = (typeof ALERT_LEVELS)[number]

/** Lowest first. A level is reached when used × 100 ≥ limit × percent. */
export const QUOTA_LEVELS = [
  { level: 'WARNING', percent: 80 },
  { level: 'CRITICAL', percent: 95 },
  { level: 'EXCEEDED', percent: 100 },
] as const satisfies readonly { level: AlertLevel; percent: number }[]
