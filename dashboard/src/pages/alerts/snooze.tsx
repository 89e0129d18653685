import { Button, Group, Select, Text } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { DAY, HOUR } from '../../format/times.ts'
import { SnoozeAlertsDocument } from '../../gql/graphql.ts'
import type { AlertKey } from './alerts.tsx'

const lengths = [
  { value: String(HOUR), label: 'an hour' },
  { value: String(8 * HOUR), label: '8 hours' },
  { value: String(DAY), label: 'a day' },
  { value: String(7 * DAY), label: 'a week' },
  { value: String(30 * DAY), label: '30 days' },
]

interface SnoozeProps {
  apiKey: AlertKey
  /** Of the element that names the key. */
  describedBy: string
}

/** Keeps a key quiet for some time: a migration, a load test. */
export function Snooze({ apiKey: { id, name, alertsSnoozedUntil }, describedBy }: SnoozeProps) {
  const [{ fetching, error }, snooze] = useMutation(SnoozeAlertsDocument)
  const [length, setLength] = useState(String(DAY))
  const begin = () =>
    void snooze({ id, until: new Date(Date.now() + Number(length)).toISOString() })
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        Silence
      </Text>
      {alertsSnoozedUntil ? (
        <Group gap="xs">
          <Text size="sm">
            Silenced until <UtcTime at={alertsSnoozedUntil} />.
          </Text>
          <Button
            variant="default"
            size="sm"
            loading={fetching}
            aria-describedby={describedBy}
            onClick={() => void snooze({ id, until: null })}
          >
            Send again
          </Button>
        </Group>
      ) : (
        <Group gap="xs">
          <Select
            aria-label={`Silence ${name} for`}
            size="sm"
            w={130}
            data={lengths}
            allowDeselect={false}
            value={length}
            onChange={(value) => value !== null && setLength(value)}
          />
          <Button
            variant="default"
            size="sm"
            loading={fetching}
            aria-describedby={describedBy}
            onClick={begin}
          >
            Snooze
          </Button>
        </Group>
      )}
      {error && <Failed what="That was not changed." error={error} />}
    </div>
  )
}
