import { Switch, Text } from '@mantine/core'
import { useMutation } from 'urql'
import { Failed } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { UpdateKeyDocument } from '../../gql/graphql.ts'
import type { Key } from './keys.tsx'

/** Whether anybody is told of the key's alerts; on record they are either way. */
export function AlertsSwitch({ apiKey }: { apiKey: Key }) {
  const { id, name, alertsEnabled, alertsSnoozedUntil } = apiKey
  const [{ fetching, error }, update] = useMutation(UpdateKeyDocument)
  return (
    <div>
      <Switch
        label="Send alerts"
        aria-label={`Send alerts of ${name}`}
        description="At 80, 95 and 100 % of the limit, and on unusual days."
        checked={alertsEnabled}
        disabled={fetching}
        onChange={(event) =>
          void update({ id, input: { alertsEnabled: event.currentTarget.checked } })
        }
      />
      {alertsEnabled && alertsSnoozedUntil && (
        <Text size="sm" mt={4}>
          Silenced until <UtcTime at={alertsSnoozedUntil} />.
        </Text>
      )}
      {error && <Failed what="That was not changed." error={error} />}
    </div>
  )
}
