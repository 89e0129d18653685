import { Grid, Stack, Title } from '@mantine/core'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { useNow } from '../../format/use-now.ts'
import { OverviewDocument } from '../../gql/graphql.ts'
import { useLiveTotals } from '../../graphql/live-totals.tsx'
import { useReadWhenMoved } from '../../graphql/read-when-moved.ts'
import { useRead } from '../../graphql/use-read.ts'
import { type AccountNow, accountNow, type OverviewMonth } from './account-now.ts'
import { BillingBanner } from './billing-banner.tsx'
import { Endpoints } from './endpoints.tsx'
import { Forecast } from './forecast.tsx'
import { KeyTotals } from './key-totals.tsx'
import { LastDays } from './last-days.tsx'
import { MonthSoFar } from './month-so-far.tsx'
import { Today } from './today.tsx'
import { WhatChanged } from './what-changed.tsx'

/** Where the account stands, as it moves. */
export function Overview() {
  const { data, error, again } = useRead({ query: OverviewDocument })
  const live = useLiveTotals()
  const now = useNow()
  if (!data?.account || !data.monthlyUsage) {
    if (!error) return <Loading what="Overview" />
    return <Failed what="Your usage could not be read." error={error} onRetry={again} />
  }
  const { account, monthlyUsage } = data
  const state = accountNow(account, monthlyUsage, live, now)
  return (
    <Stack>
      <Title order={1}>Overview</Title>
      <BillingBanner account={account} />
      <Figures state={state} month={monthlyUsage} now={now} again={again} />
    </Stack>
  )
}

interface FiguresProps {
  state: AccountNow
  month: OverviewMonth
  now: number
  again: () => void
}

function Figures({ state, month, now, again }: FiguresProps) {
  useReadWhenMoved(again, state.month)
  const half = { base: 12, lg: 6 }
  return (
    <>
      <MonthSoFar state={state} month={month} now={now} />
      <Grid>
        <Grid.Col span={half}>
          <Today now={now} hour={state.hour} day={state.day} />
        </Grid.Col>
        <Grid.Col span={half}>
          <LastDays now={now} day={state.day} />
        </Grid.Col>
        <Grid.Col span={half}>
          {state.rows.length === 0 ? (
            <Empty>You have no API key yet. Create one on the page “Keys”.</Empty>
          ) : (
            <KeyTotals rows={state.rows} />
          )}
        </Grid.Col>
        <Grid.Col span={half}>
          <Forecast limit={state.limit} />
        </Grid.Col>
        <Grid.Col span={half}>
          <Endpoints endpoints={month.endpoints} />
        </Grid.Col>
        <Grid.Col span={half}>
          <WhatChanged now={now} day={state.day} />
        </Grid.Col>
      </Grid>
    </>
  )
}
