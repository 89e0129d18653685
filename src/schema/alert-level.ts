import { ALERT_LEVELS } from '../rules/alert.ts'
import { builder } from './builder.ts'

/** Of an alert, and of what a channel wants. */
export const AlertLevelType = builder.enumType('AlertLevel', {
  description:
    "WARNING, CRITICAL, EXCEEDED: 80, 95 and 100 % of the limit. ANOMALY: an unusual day. THRESHOLD: one of the key's own. EXPECTED_PEAK: an unusual day before a due date. SILENCE: a key that always calls has stopped.",
  values: ALERT_LEVELS,
})
