import { Badge, Table, Text } from '@mantine/core'
import { Name } from '../../components/name.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { WideTable } from '../../components/wide-table.tsx'
import type { AdminAccountsQuery } from '../../gql/graphql.ts'
import { billingWords, keyStatusColours, keyStatusWords } from './access-words.ts'

type Key = NonNullable<AdminAccountsQuery['accounts']>['edges'][number]['node']['apiKeys'][number]

/** Of one account, revoked ones included. */
export function AccountKeys({ apiKeys }: { apiKeys: readonly Key[] }) {
  return (
    <WideTable
      name="Keys"
      minWidth={720}
      head={
        <>
          <Table.Th>Key</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Plan</Table.Th>
          <Table.Th ta="right">Limit a month</Table.Th>
          <Table.Th>Billing</Table.Th>
          <Table.Th>Created</Table.Th>
          <Table.Th>Last used</Table.Th>
        </>
      }
    >
      {apiKeys.map((key) => (
        <KeyRow key={key.id} apiKey={key} />
      ))}
    </WideTable>
  )
}

function KeyRow({ apiKey }: { apiKey: Key }) {
  const { id, name, prefix, lastFour, status, blockedBecause, tier, monthlyLimit } = apiKey
  return (
    <Table.Tr>
      <Table.Td>
        <Name>{name}</Name>
        <Text size="xs" c="dimmed" className="typed">
          {prefix}…{lastFour} · {id}
        </Text>
      </Table.Td>
      <Table.Td>
        <Badge color={keyStatusColours[status]} variant="light" tt="none">
          {keyStatusWords[status]}
        </Badge>
        {blockedBecause !== null && (
          <Text size="xs" maw={320}>
            {blockedBecause}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{tier}</Table.Td>
      <Table.Td ta="right">
        {monthlyLimit === null ? 'unlimited' : <WholeNumber value={monthlyLimit} />}
      </Table.Td>
      <Table.Td>{billingWords[apiKey.billingStatus]}</Table.Td>
      <Table.Td>
        <UtcTime at={apiKey.createdAt} />
      </Table.Td>
      <Table.Td>{apiKey.lastUsedAt ? <UtcTime at={apiKey.lastUsedAt} /> : 'never'}</Table.Td>
    </Table.Tr>
  )
}
