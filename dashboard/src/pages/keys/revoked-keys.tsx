import { Table, Text } from '@mantine/core'
import { Name } from '../../components/name.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import type { KeyUsage } from '../../graphql/key-usage.ts'
import type { Key } from './keys.tsx'

interface RevokedKeysProps {
  keys: readonly Key[]
  usageOf: (key: Key) => KeyUsage
}

/** What is over, out of the way. */
export function RevokedKeys({ keys, usageOf }: RevokedKeysProps) {
  if (keys.length === 0) return null
  return (
    <details>
      <summary>Revoked keys ({keys.length})</summary>
      <Table mt="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th>Revoked</Table.Th>
            <Table.Th ta="right">Units this month</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td>
                <Name>{key.name}</Name>
                <Text size="sm" c="dimmed" ff="monospace">
                  {key.prefix}…
                </Text>
              </Table.Td>
              <Table.Td>
                <Revoked apiKey={key} />
              </Table.Td>
              <Table.Td ta="right">
                <WholeNumber value={usageOf(key).month} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  )
}

/** A key from before its history was kept does not say when. */
function Revoked({ apiKey }: { apiKey: Key }) {
  const revoked = apiKey.accessHistory.edges.find(({ node }) => node.to.status === 'REVOKED')
  return revoked ? <UtcTime at={revoked.node.at} /> : '–'
}
