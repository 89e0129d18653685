import type { ApiKeyStatus } from '../gql/graphql.ts'
import { StatusBadge } from './status-badge.tsx'

const words = {
  ACTIVE: { label: 'Active', sign: '●', colour: 'green' },
  BLOCKED: { label: 'Blocked', sign: '■', colour: 'red' },
  REVOKED: { label: 'Revoked', sign: '✕', colour: 'gray' },
} as const

/** Whether calls with a key are answered. */
export function KeyStatus({ status }: { status: ApiKeyStatus }) {
  const { label, sign, colour } = words[status]
  return (
    <StatusBadge sign={sign} colour={colour}>
      {label}
    </StatusBadge>
  )
}
