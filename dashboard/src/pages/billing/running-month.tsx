import { Stack, Table, Text } from '@mantine/core'
import { monthInWords } from '../../components/calendar-day.tsx'
import { MoneyAmount } from '../../components/money-amount.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { dayName } from '../../format/times.ts'
import { type PreviewedFragment, RunningMonthDocument } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import classes from './billing.module.css'
import { kindWords } from './billing-words.ts'

/** What the month that runs would be invoiced with, were it over and nothing changed until then. */
export function RunningMonth() {
  const month = dayName(Date.now()).slice(0, 7)
  const { data, error, again } = useRead({ query: RunningMonthDocument, variables: { month } })
  const documents = [data?.invoice, data?.statement].filter((one) => one != null)
  return (
    <Panel
      title={`${monthInWords(month)} so far`}
      about="As if nothing changed until the month’s end: with the plans and calls of now."
    >
      {!data && error && (
        <Failed what="The running month could not be read." error={error} onRetry={again} />
      )}
      {!data && !error && <Loading what="The running month" />}
      {data && documents.length === 0 && <Empty>Nothing is to be paid so far.</Empty>}
      <Stack>
        {documents.map((one) => (
          <Preview key={one.kind} document={one} />
        ))}
      </Stack>
    </Panel>
  )
}

function Preview({ document: { kind, total, lines } }: { document: PreviewedFragment }) {
  return (
    <section aria-label={kindWords[kind]}>
      <Text size="sm" c="dimmed">
        {kind === 'INVOICE' ? 'Invoiced by us' : 'Charged by your payment provider'}
      </Text>
      <Text fz={28} fw={700} lh={1.3}>
        <MoneyAmount of={total} />
      </Text>
      <Table verticalSpacing={6} horizontalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>For</Table.Th>
            <Table.Th ta="right">Amount</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line) => (
            <Line key={line.description} line={line} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}

function Line({ line }: { line: PreviewedFragment['lines'][number] }) {
  const { description, quantity, unitPrice, amount } = line
  return (
    <Table.Tr>
      <Table.Td className="typed">
        {description}
        <Text size="sm" c="dimmed">
          <WholeNumber value={quantity} /> × <MoneyAmount of={unitPrice} />
        </Text>
      </Table.Td>
      <Table.Td ta="right" className={classes.amount}>
        <MoneyAmount of={amount} />
      </Table.Td>
    </Table.Tr>
  )
}
