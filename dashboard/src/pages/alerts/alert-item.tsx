import { Button, Group, Text } from '@mantine/core'
import { useId } from 'react'
import { useMutation } from 'urql'
import { AlertLevelBadge } from '../../components/alert-level.tsx'
import { Name } from '../../components/name.tsx'
import { Failed } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { AcknowledgeAlertDocument, type AlertPageQuery } from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'

interface AlertItemProps {
  alert: NonNullable<AlertPageQuery['alerts']>['edges'][number]['node']
  /** Undefined: its key is not among those that were read. */
  of: AlertKey | undefined
}

export function AlertItem({ alert, of }: AlertItemProps) {
  const { id, level, message, muted, raisedAt, acknowledgedAt } = alert
  const [{ fetching, error }, acknowledge] = useMutation(AcknowledgeAlertDocument)
  const messageId = useId()
  return (
    <li>
      <Group justify="space-between" gap="sm">
        <div className="alert-words">
          <Group gap="xs">
            <AlertLevelBadge level={level} />
            {of && (
              <Text size="sm" fw={600}>
                <Name>{of.name}</Name>
              </Text>
            )}
            <Text size="sm" c="dimmed">
              <UtcTime at={raisedAt} />
            </Text>
          </Group>
          <Text size="sm" mt={4} id={messageId}>
            {message}
          </Text>
          {muted && (
            <Text size="sm" c="dimmed">
              It was sent to nobody: the key was silenced.
            </Text>
          )}
        </div>
        {acknowledgedAt ? (
          <Text size="sm" c="dimmed">
            ✓ Acknowledged <UtcTime at={acknowledgedAt} />
          </Text>
        ) : (
          <Button
            variant="default"
            size="sm"
            loading={fetching}
            aria-describedby={messageId}
            onClick={() => void acknowledge({ id })}
          >
            Acknowledge
          </Button>
        )}
      </Group>
      {error && <Failed what="It was not acknowledged." error={error} />}
    </li>
  )
}
