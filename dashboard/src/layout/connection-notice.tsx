import { Badge } from '@mantine/core'
import { useConnectionState } from '../graphql/connection.ts'
import { useConnection } from '../graphql/connection-context.tsx'

const words = {
  connecting: { label: 'Connecting…', colour: 'gray' },
  live: { label: 'Live', colour: 'green' },
  away: { label: 'Reconnecting…', colour: 'orange' },
} as const

/** Whether the numbers move by themselves; said to a screen reader when it changes. */
export function ConnectionNotice() {
  const { label, colour } = words[useConnectionState(useConnection())]
  return (
    <Badge color={colour} variant="dot" role="status" tt="none" miw="fit-content">
      {label}
    </Badge>
  )
}
