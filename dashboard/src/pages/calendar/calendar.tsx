import { Stack, Tabs, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { CalendarKeysDocument, type CalendarKeysQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import type { Viewer } from '../page-list.ts'
import { Announcements } from './announcements.tsx'
import { Feeds } from './feeds.tsx'
import { NextDates } from './next-dates.tsx'
import { useNextDates } from './use-next-dates.ts'
import { useWatch, type Watch } from './watch.ts'
import { WatchCard } from './watch-card.tsx'
import type { Payer } from './watch-form.tsx'

export type CalendarKey = NonNullable<CalendarKeysQuery['account']>['apiKeys'][number]

/** What is due next and why, paid by a key only when somebody asks; and the same as a calendar feed. */
export function Calendar({ viewer }: { viewer: Viewer }) {
  return (
    <Stack>
      <div>
        <Title order={1}>Tax calendar</Title>
        <Text c="dimmed">
          What is due next in the countries that you watch, and why each date is what it is.
        </Text>
      </div>
      {viewer.account ? (
        <OfAccount accountId={viewer.account.id} />
      ) : (
        <Empty>You are signed in as an operator, without an account that could pay.</Empty>
      )}
    </Stack>
  )
}

function OfAccount({ accountId }: { accountId: string }) {
  const { data, error, again } = useRead({ query: CalendarKeysDocument })
  const [watch, change] = useWatch(accountId)
  if (!data?.account) {
    if (!error) return <Loading what="Your keys" />
    return <Failed what="Your keys could not be read." error={error} onRetry={again} />
  }
  const keys = data.account.apiKeys.filter(({ status }) => status === 'ACTIVE')
  const paying = keys.find(({ id }) => id === watch.apiKeyId) ?? keys[0]
  if (!paying) {
    return (
      <Empty>
        Tax dates are paid by an API key, and you have none that can be used. Create one on the page
        “Keys”.
      </Empty>
    )
  }
  return <WithKey {...{ accountId, watch, change }} payer={{ keys, paying }} />
}

interface WithKeyProps {
  accountId: string
  watch: Watch
  change: (part: Partial<Watch>) => void
  payer: Payer
}

function WithKey({ accountId, watch, change, payer }: WithKeyProps) {
  const { paying } = payer
  const dates = useNextDates(accountId, watch, paying)
  const [tab, setTab] = useState<string | null>('dates')
  const show = () => {
    setTab('dates')
    void dates.read()
  }
  return (
    <>
      <WatchCard {...{ watch, change, payer, dates }} onShow={show} />
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List aria-label="Of what you watch" mb="md">
          <Tabs.Tab value="dates">Next dates</Tabs.Tab>
          <Tabs.Tab value="announced">Announcements</Tabs.Tab>
          <Tabs.Tab value="feeds">Calendar feeds</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="dates">
          <NextDates dates={dates} paying={paying} />
        </Tabs.Panel>
        <Tabs.Panel value="announced" keepMounted>
          <Announcements watch={watch} paying={paying} />
        </Tabs.Panel>
        <Tabs.Panel value="feeds">
          <Feeds watch={watch} paying={paying} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}
