import { SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { BillingDocument, BillingNewsDocument, type BillingQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import type { Viewer } from '../page-list.ts'
import { BillingDetails } from './billing-details.tsx'
import { Invoices } from './invoices.tsx'
import { KeyPlans } from './key-plans.tsx'
import { PastDue } from './past-due.tsx'
import { PriceCalculator } from './price-calculator.tsx'
import { RunningMonth } from './running-month.tsx'

export type BillingAccount = NonNullable<BillingQuery['account']>
export type BillingKey = BillingAccount['apiKeys'][number]
export type BillingPlan = NonNullable<BillingQuery['plans']>[number]

/** What is paid for, what it cost and will cost, and what to do where a payment fails. */
export function Billing({ viewer }: { viewer: Viewer }) {
  return (
    <Stack>
      <div>
        <Title order={1}>Billing</Title>
        <Text c="dimmed">
          Each key has a plan of its own. A unit is one answered tax question; months are those of
          UTC.
        </Text>
      </div>
      {viewer.account ? (
        <OfAccount />
      ) : (
        <Empty>You are signed in as an operator, without an account that is billed.</Empty>
      )}
    </Stack>
  )
}

function OfAccount() {
  const { data, error, again } = useRead({ query: BillingDocument })
  const news = useNews()
  if (!data?.account || !data.plans) {
    if (!error) return <Loading what="Billing" />
    return <Failed what="Your billing could not be read." error={error} onRetry={again} />
  }
  const { account, plans } = data
  const keys = account.apiKeys.filter(({ status }) => status !== 'REVOKED')
  return (
    <>
      {/* What happens while somebody looks is said to a screen reader too. */}
      <Text size="sm" role="status">
        {news}
      </Text>
      <PastDue keys={keys} plans={plans} />
      <KeyPlans keys={keys} plans={plans} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <RunningMonth />
        <BillingDetails account={account} />
      </SimpleGrid>
      <Invoices />
      <PriceCalculator keys={account.apiKeys} />
    </>
  )
}

/** What happened last to a subscription, in words; that it is read anew then, the whole app sees to. */
function useNews(): string | null {
  const client = useClient()
  const [news, setNews] = useState<string | null>(null)
  useEffect(() => {
    const messages = client.subscription(BillingNewsDocument, {}).subscribe(({ data }) => {
      if (data) setNews(data.subscriptionChanged.because)
    })
    return () => messages.unsubscribe()
  }, [client])
  return news
}
