import { Badge, Group, SimpleGrid, Text, Title } from '@mantine/core'
import { useId } from 'react'
import { Name } from '../../components/name.tsx'
import type { AlertKey } from './alerts.tsx'
import { Snooze } from './snooze.tsx'
import { Thresholds } from './thresholds.tsx'

export function KeyAlerts({ apiKey }: { apiKey: AlertKey }) {
  const { name, prefix, alertsEnabled } = apiKey
  const titleId = useId()
  return (
    <li aria-labelledby={titleId}>
      <Group gap="xs">
        <Title order={3} size="h5" id={titleId}>
          <Name>{name}</Name>{' '}
          <Text span c="dimmed" size="sm" fw={400}>
            {prefix}…
          </Text>
        </Title>
        {!alertsEnabled && (
          <Badge color="gray" variant="light" tt="none">
            Alerts are off (page “Keys”)
          </Badge>
        )}
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} mt="xs">
        <Snooze apiKey={apiKey} describedBy={titleId} />
        <Thresholds apiKey={apiKey} describedBy={titleId} />
      </SimpleGrid>
    </li>
  )
}
