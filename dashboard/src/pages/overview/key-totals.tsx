import { Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'
import { KeyStatus } from '../../components/key-status.tsx'
import { Name } from '../../components/name.tsx'
import { Panel } from '../../components/panel.tsx'
import { UsageMeter } from '../../components/usage-meter.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import type { KeyRow } from './account-now.ts'

/** What each key has used of its own limit this month. */
export function KeyTotals({ rows }: { rows: readonly KeyRow[] }) {
  const aside = (
    <Anchor component={Link} href="/keys" size="sm" underline="always">
      Manage keys
    </Anchor>
  )
  return (
    <Panel title="Keys this month" aside={aside}>
      <Stack component="ul" gap="md" m={0} p={0} className="plain-list">
        {rows.map((row) => (
          <KeyTotal key={row.id} row={row} />
        ))}
      </Stack>
    </Panel>
  )
}

function KeyTotal({ row: { name, prefix, status, month, limit, remaining } }: { row: KeyRow }) {
  return (
    <li>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>
          <Name>{name}</Name>{' '}
          <Text span c="dimmed" size="sm" fw={400}>
            {prefix}…
          </Text>{' '}
          {status !== 'ACTIVE' && <KeyStatus status={status} />}
        </Text>
        <Text>
          <Text span fw={600} aria-label={`Units this month, ${name}`} role="group">
            <WholeNumber value={month} />
          </Text>{' '}
          <Text span c="dimmed" size="sm">
            {limit === null ? (
              'units'
            ) : (
              <>
                of <WholeNumber value={limit} />
              </>
            )}
          </Text>
        </Text>
      </Group>
      {status !== 'REVOKED' && (
        <UsageMeter used={month} limit={limit} label={`Used of the limit, ${name}`} />
      )}
      {status !== 'REVOKED' && remaining === 0 && (
        <Text size="sm">Nothing is left of what the plan includes.</Text>
      )}
    </li>
  )
}
