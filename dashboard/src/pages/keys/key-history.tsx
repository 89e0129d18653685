import { Stack, Text } from '@mantine/core'
import { UtcTime } from '../../components/utc-time.tsx'
import type { Key } from './keys.tsx'

const statusWords = { ACTIVE: 'calls are served', BLOCKED: 'blocked', REVOKED: 'revoked' } as const

/** Why the key may do what it may: every change, the newest first. */
export function KeyHistory({ history: { edges, totalCount } }: { history: Key['accessHistory'] }) {
  return (
    <details>
      <summary>History of access</summary>
      <Stack component="ul" gap="xs" mt="xs" mb={0} p={0} className="plain-list">
        {edges.map(({ node: { id, at, because, to } }) => (
          <li key={id}>
            <Text size="xs" c="dimmed">
              <UtcTime at={at} />
            </Text>
            <Text size="sm">
              {because} Since then: plan “{to.tier}”, {statusWords[to.status]}.
            </Text>
          </li>
        ))}
      </Stack>
      {totalCount > edges.length && (
        <Text size="sm" c="dimmed">
          And {totalCount - edges.length} before.
        </Text>
      )}
    </details>
  )
}
