import { Stack } from '@mantine/core'
import { Panel } from '../../components/panel.tsx'
import { Empty } from '../../components/states.tsx'
import type { AlertKey } from './alerts.tsx'
import { KeyAlerts } from './key-alerts.tsx'

/** When each key is told of, and when not. */
export function KeySettings({ keys }: { keys: readonly AlertKey[] }) {
  const open = keys.filter(({ status }) => status !== 'REVOKED')
  return (
    <Panel
      title="Keys: silence and own thresholds"
      about="A key that is silenced goes on raising alerts: they are listed above and sent to nobody."
    >
      {open.length === 0 && <Empty>You have no key that can be used.</Empty>}
      <Stack component="ul" gap={0} m={0} p={0} className="plain-list ruled-list">
        {open.map((key) => (
          <KeyAlerts key={key.id} apiKey={key} />
        ))}
      </Stack>
    </Panel>
  )
}
