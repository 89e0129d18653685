import { Badge, Group, Select, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { monthInWords } from '../../components/calendar-day.tsx'
import { MoneyAmount } from '../../components/money-amount.tsx'
import { Panel } from '../../components/panel.tsx'
import { Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { WideTable } from '../../components/wide-table.tsx'
import { dayName, monthBefore } from '../../format/times.ts'
import { WhatPlansCostDocument, type WhatPlansCostQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import classes from './billing.module.css'
import type { BillingKey } from './billing.tsx'

const MONTHS = 12
const ALL = 'all'

/** What the calls of a month would have cost on another plan. */
export function PriceCalculator({ keys }: { keys: readonly BillingKey[] }) {
  const months = lastMonths()
  const [month, setMonth] = useState(months[1] ?? '')
  const [key, setKey] = useState(ALL)
  const apiKeyId = key === ALL ? null : key
  const { data, error, again } = useRead({
    query: WhatPlansCostDocument,
    variables: { month, apiKeyId },
  })
  return (
    <Panel
      title="What would it cost on another plan?"
      about="The calls of a whole month, had the keys been on that plan from its first day to its last. Before tax. The cheapest is the one that costs least and refuses no call."
    >
      <Group mb="sm">
        <Select
          label="Month"
          data={months.map((value) => ({ value, label: monthInWords(value) }))}
          value={month}
          onChange={(value) => value !== null && setMonth(value)}
          allowDeselect={false}
        />
        <Select
          label="Calls of"
          data={[
            { value: ALL, label: 'All keys, each on that plan' },
            ...keys.map(({ id, name, prefix }) => ({ value: id, label: `${name} (${prefix}…)` })),
          ]}
          value={key}
          onChange={(value) => value !== null && setKey(value)}
          allowDeselect={false}
          w={280}
          maw="100%"
        />
      </Group>
      {data?.planCosts ? (
        <>
          <Text size="sm" mb="xs">
            <WholeNumber value={usedIn(data, apiKeyId)} /> units in {monthInWords(month)}.
          </Text>
          <CostTable costs={data.planCosts} tier={keys.find(({ id }) => id === key)?.tier} />
        </>
      ) : error ? (
        <Failed what="The prices could not be read." error={error} onRetry={again} />
      ) : (
        <Loading what="Prices" />
      )}
    </Panel>
  )
}

type Costs = NonNullable<WhatPlansCostQuery['planCosts']>

/** @param tier of the one key whose calls these are; undefined: of several */
function CostTable({ costs, tier }: { costs: Costs; tier: string | undefined }) {
  const best = cheapest(costs)
  return (
    <WideTable
      name="Costs"
      minWidth={250}
      verticalSpacing="xs"
      head={
        <>
          <Table.Th>Plan</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">
            Plan’s price
          </Table.Th>
          <Table.Th ta="right" visibleFrom="sm">
            Above its limit
          </Table.Th>
          <Table.Th ta="right">Total</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">
            Refused
          </Table.Th>
        </>
      }
    >
      {costs.map((cost) => (
        <CostRow key={cost.plan.id} cost={cost} best={cost === best} now={cost.plan.id === tier} />
      ))}
    </WideTable>
  )
}

interface CostRowProps {
  cost: Costs[number]
  best: boolean
  /** The plan that the key has at present. */
  now: boolean
}

function CostRow({ cost, best, now }: CostRowProps) {
  const { plan, base, overage, total, refusedRequests } = cost
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Group gap="xs">
          {plan.name}
          {now && (
            <Badge color="gray" variant="light" tt="none">
              Plan now
            </Badge>
          )}
          {best && (
            <Badge color="green" variant="light" tt="none">
              Cheapest
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td ta="right" visibleFrom="sm" className={classes.amount}>
        {base && <MoneyAmount of={base} />}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm" className={classes.amount}>
        {overage && <MoneyAmount of={overage} />}
      </Table.Td>
      <Table.Td ta="right" fw={700} className={classes.amount}>
        {total ? <MoneyAmount of={total} /> : 'not sold in your currency'}
        {refusedRequests > 0 && (
          <Text size="sm" hiddenFrom="sm">
            <WholeNumber value={refusedRequests} /> refused
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm">
        {refusedRequests === 0 ? 'none' : <WholeNumber value={refusedRequests} />}
      </Table.Td>
    </Table.Tr>
  )
}

/** Of those that refuse nothing. */
function cheapest(costs: Costs): Costs[number] | undefined {
  return costs
    .filter(({ total, refusedRequests }) => total !== null && refusedRequests === 0)
    .toSorted((a, b) => Number(a.total?.amount) - Number(b.total?.amount))[0]
}

function usedIn({ monthlyUsage }: WhatPlansCostQuery, apiKeyId: string | null): number {
  if (apiKeyId === null) return monthlyUsage?.totalRequests ?? 0
  return monthlyUsage?.apiKeys.find(({ apiKey }) => apiKey.id === apiKeyId)?.totalRequests ?? 0
}

/** The running one and those before, newest first. */
function lastMonths(): string[] {
  let day = dayName(Date.now())
  return Array.from({ length: MONTHS }, () => {
    const month = day.slice(0, 7)
    day = monthBefore(`${month}-01`)
    return month
  })
}
