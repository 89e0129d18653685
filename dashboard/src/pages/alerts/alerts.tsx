import { Stack, Text, Title } from '@mantine/core'
import { Failed, Loading } from '../../components/states.tsx'
import { AlertKeysDocument, type AlertKeysQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { AlertList } from './alert-list.tsx'
import { Channels } from './channels.tsx'
import { KeySettings } from './key-settings.tsx'

export type AlertKey = NonNullable<AlertKeysQuery['account']>['apiKeys'][number]

const context = { additionalTypenames: ['ApiKey'] }

/** What was raised, who hears of it, and when. */
export function Alerts() {
  const { data, error, again } = useRead({ query: AlertKeysDocument, context })
  const keys = data?.account?.apiKeys
  return (
    <Stack>
      <div>
        <Title order={1}>Alerts</Title>
        <Text c="dimmed">
          You hear of a key at 80, 95 and 100 % of its limit, once a month, and of days that are
          unusual for it. New alerts appear here by themselves.
        </Text>
      </div>
      {keys ? (
        <>
          <AlertList keys={keys} />
          <Channels keys={keys} />
          <KeySettings keys={keys} />
        </>
      ) : error ? (
        <Failed what="Your alerts could not be read." error={error} onRetry={again} />
      ) : (
        <Loading what="Your alerts" />
      )}
    </Stack>
  )
}
