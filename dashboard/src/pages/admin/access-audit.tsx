import { Badge, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { PageByPage, type PageProps, WholeRow } from '../../components/page-by-page.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { WideTable } from '../../components/wide-table.tsx'
import { AccessChangesDocument, type AccessChangesQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { billingWords, keyStatusWords } from './access-words.ts'

type Change = NonNullable<AccessChangesQuery['accessChanges']>['edges'][number]['node']

const COLUMNS = 5

/** Every change of what a key may do, over all accounts: when, by whom, why. */
export function AccessAudit() {
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text.trim(), 300)
  const accountId = wanted === '' ? null : wanted
  return (
    <Stack>
      <TextInput
        label="Account"
        description="Its id, as acc_…; empty: all accounts."
        maw={420}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <WideTable
        name="Access changes"
        minWidth={720}
        head={
          <>
            <Table.Th>Recorded</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>Change</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th>By</Table.Th>
          </>
        }
      >
        <PageByPage key={accountId}>
          {(page) => <ChangePage accountId={accountId} {...page} />}
        </PageByPage>
      </WideTable>
    </Stack>
  )
}

function ChangePage({ accountId, after, more }: PageProps & { accountId: string | null }) {
  const { data, error, again } = useRead({
    query: AccessChangesDocument,
    variables: { accountId, after },
  })
  if (!data?.accessChanges) {
    return (
      <WholeRow columns={COLUMNS}>
        {error ? (
          <Failed what="The changes could not be read." error={error} onRetry={again} />
        ) : (
          <Loading what="Access changes" />
        )}
      </WholeRow>
    )
  }
  const { edges, totalCount, pageInfo } = data.accessChanges
  return (
    <>
      {totalCount === 0 && (
        <WholeRow columns={COLUMNS}>
          <Empty>Nothing has changed there.</Empty>
        </WholeRow>
      )}
      {edges.map(({ node }) => (
        <ChangeRow key={node.id} change={node} />
      ))}
      <WholeRow columns={COLUMNS}>{more(pageInfo)}</WholeRow>
    </>
  )
}

const causeWords = {
  OWNER: 'The owner',
  ADMIN: 'An operator',
  PROVIDER: 'Payment provider',
  TIME: 'A date was reached',
} as const

function ChangeRow({ change }: { change: Change }) {
  const { accountId, apiKeyId, recordedAt, from, to, because, cause, event } = change
  return (
    <Table.Tr>
      <Table.Td>
        <UtcTime at={recordedAt} />
      </Table.Td>
      <Table.Td className="typed">
        {apiKeyId}
        <Text size="xs" c="dimmed">
          {accountId}
        </Text>
      </Table.Td>
      <Table.Td>
        <Difference from={from} to={to} />
      </Table.Td>
      <Table.Td>{because}</Table.Td>
      <Table.Td>
        {causeWords[cause]}
        {event !== null && (
          <Text size="xs" c="dimmed" className="typed">
            {event}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

/** What is another thing than before. */
function Difference({ from, to }: Pick<Change, 'from' | 'to'>) {
  const words = (state: Change['to']) => [
    ...[`Plan ${state.tier}`, keyStatusWords[state.status]],
    billingWords[state.billingStatus],
  ]
  const before = from && words(from)
  const after = words(to).map((word, index) => ({ word, was: before?.[index] }))
  if (!before) return <Text size="sm">Created: {words(to).join(', ')}</Text>
  return (
    <Group gap={4}>
      {after
        .filter(({ word, was }) => word !== was)
        .map(({ word, was }) => (
          <Badge key={word} variant="default" tt="none">
            {was} → {word}
          </Badge>
        ))}
    </Group>
  )
}
