import type { MantineColor } from '@mantine/core'
import type { AlertLevel } from '../gql/graphql.ts'
import { StatusBadge } from './status-badge.tsx'

/** In the order in which they are offered. */
export const levels: readonly AlertLevel[] = [
  ...(['WARNING', 'CRITICAL', 'EXCEEDED', 'THRESHOLD'] as const),
  ...(['ANOMALY', 'EXPECTED_PEAK', 'SILENCE'] as const),
]

interface Words {
  label: string
  /** What has happened when it is raised. */
  means: string
  sign: string
  colour: MantineColor
}

export const levelWords: Readonly<Record<AlertLevel, Words>> = {
  WARNING: { label: 'Warning', means: '80 % of the limit', sign: '▲', colour: 'yellow' },
  CRITICAL: { label: 'Critical', means: '95 % of the limit', sign: '▲▲', colour: 'orange' },
  EXCEEDED: { label: 'Limit reached', means: '100 % of the limit', sign: '■', colour: 'red' },
  THRESHOLD: { label: 'Own threshold', means: 'one that you set', sign: '◆', colour: 'blue' },
  ANOMALY: { label: 'Unusual day', means: 'far more calls than usual', sign: '≠', colour: 'grape' },
  EXPECTED_PEAK: {
    ...{ label: 'Expected peak', means: 'many calls, before a due date' },
    ...{ sign: '⌃', colour: 'teal' },
  },
  SILENCE: {
    label: 'Silence',
    means: 'a key that always calls stopped',
    sign: '○',
    colour: 'gray',
  },
}

export function AlertLevelBadge({ level }: { level: AlertLevel }) {
  const { label, sign, colour } = levelWords[level]
  return (
    <StatusBadge sign={sign} colour={colour}>
      {label}
    </StatusBadge>
  )
}
