import { Stack, Text, Title } from '@mantine/core'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { useNow } from '../../format/use-now.ts'
import { KeysDocument, type KeysQuery } from '../../gql/graphql.ts'
import { keyUsage } from '../../graphql/key-usage.ts'
import { useLiveTotals } from '../../graphql/live-totals.tsx'
import { useReadWhenMoved } from '../../graphql/read-when-moved.ts'
import { useRead } from '../../graphql/use-read.ts'
import { CreateKey } from './create-key.tsx'
import { KeyCard } from './key-card.tsx'
import { RevokedKeys } from './revoked-keys.tsx'

/** So that the first key of all is noticed: an empty list names no type. */
const context = { additionalTypenames: ['ApiKey'] }

/** The keys of the account, and what may be done with them. */
export function Keys() {
  const { data, error, again } = useRead({ query: KeysDocument, context })
  return (
    <Stack>
      <div>
        <Title order={1}>Keys</Title>
        <Text c="dimmed">
          A program shows its key with each call, in the header <code>X-Api-Key</code>. A key is
          like a password: keep it out of code and web pages.
        </Text>
      </div>
      {data?.account && data.plans ? (
        <KeyList data={data} again={again} />
      ) : error ? (
        <Failed what="Your keys could not be read." error={error} onRetry={again} />
      ) : (
        <Loading what="Your keys" />
      )}
    </Stack>
  )
}

interface KeyListProps {
  data: KeysQuery
  again: () => void
}

function KeyList({ data: { account, monthlyUsage, plans }, again }: KeyListProps) {
  const live = useLiveTotals()
  const now = useNow()
  const read = new Map(monthlyUsage?.apiKeys.map((one) => [one.apiKey.id, one]))
  const all = account?.apiKeys ?? []
  const usageOf = ({ id, monthlyLimit }: (typeof all)[number]) =>
    keyUsage(live.get(id), read.get(id), monthlyLimit, now)
  // When it was used last moves with what it has used.
  useReadWhenMoved(
    again,
    all.reduce((sum, key) => sum + usageOf(key).month, 0),
  )
  const open = all.filter(({ status }) => status !== 'REVOKED')
  return (
    <>
      <CreateKey plans={plans ?? []} />
      {open.length === 0 && <Empty>You have no key that can be used. Create one above.</Empty>}
      {open.map((key) => (
        <KeyCard
          key={key.id}
          apiKey={key}
          usage={usageOf(key)}
          plan={plans?.find(({ id }) => id === key.tier)}
          now={now}
        />
      ))}
      <RevokedKeys keys={all.filter(({ status }) => status === 'REVOKED')} usageOf={usageOf} />
    </>
  )
}

export type Key = NonNullable<KeysQuery['account']>['apiKeys'][number]
export type KeyPlan = NonNullable<KeysQuery['plans']>[number]
