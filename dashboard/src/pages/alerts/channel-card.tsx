import { Alert, Badge, Group, Switch, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { useMutation } from 'urql'
import { levelWords } from '../../components/alert-level.tsx'
import { isolated, Name } from '../../components/name.tsx'
import { Failed } from '../../components/states.tsx'
import { UpdateChannelDocument } from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'
import { ChannelActions } from './channel-actions.tsx'
import { kindWords } from './channel-kinds.ts'
import type { Channel } from './channels.tsx'
import { Deliveries } from './deliveries.tsx'

interface ChannelCardProps {
  channel: Channel
  keys: readonly AlertKey[]
}

export function ChannelCard({ channel, keys }: ChannelCardProps) {
  const { id, kind, name, target, enabled, disabledBecause } = channel
  const [{ fetching, error }, update] = useMutation(UpdateChannelDocument)
  const [tests, setTests] = useState(0)
  const titleId = useId()
  return (
    <li aria-labelledby={titleId}>
      <Group justify="space-between" gap="sm">
        <div className="alert-words">
          <Group gap="xs">
            <Title order={3} size="h5" id={titleId}>
              <Name>{name}</Name>
            </Title>
            <Badge variant="outline" color="gray" tt="none">
              {kindWords[kind].label}
            </Badge>
          </Group>
          <Text size="sm" className="typed">
            {target}
          </Text>
          <Text size="sm" c="dimmed" className="typed">
            {wishOf(channel, keys)}
          </Text>
        </div>
        <Switch
          label={enabled ? 'On' : 'Off'}
          aria-label={`Send to ${name}`}
          checked={enabled}
          disabled={fetching}
          onChange={(event) => void update({ id, input: { enabled: event.currentTarget.checked } })}
        />
      </Group>
      {disabledBecause && (
        <Alert color="orange" variant="light" title="It was switched off" mt="xs">
          {disabledBecause}
        </Alert>
      )}
      <ChannelActions
        channel={channel}
        keys={keys}
        describedBy={titleId}
        onTest={() => setTests(tests + 1)}
      />
      {error && <Failed what="That was not changed." error={error} />}
      <Deliveries channelId={id} name={name} tests={tests} />
    </li>
  )
}

/** Of what it hears. */
function wishOf({ levels, apiKeyIds }: Channel, keys: readonly AlertKey[]): string {
  const which = levels?.map((level) => levelWords[level].label).join(', ') ?? 'All alerts'
  if (apiKeyIds === null) return `${which} of all keys`
  const names = apiKeyIds.map((id) => isolated(keys.find((key) => key.id === id)?.name ?? id))
  return `${which} of ${names.join(', ')}`
}
