import { Alert, Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useMutation } from 'urql'
import { Panel } from '../../components/panel.tsx'
import { Failed } from '../../components/states.tsx'
import { WholeNumber } from '../../components/whole-number.tsx'
import { DAY, dayName, monthBefore } from '../../format/times.ts'
import {
  TriggerAggregationDocument,
  TriggerInvoicingDocument,
  TriggerMonitoringDocument,
} from '../../gql/graphql.ts'

/** Scheduled work, done now; repeating it is harmless. */
export function Jobs() {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Aggregation />
      <Monitoring />
      <Invoicing />
    </SimpleGrid>
  )
}

function Aggregation() {
  const [{ data, error, fetching }, run] = useMutation(TriggerAggregationDocument)
  const [date, setDate] = useState(() => dayName(Date.now() - DAY))
  const done = data?.triggerAggregation
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run({ date })
  }
  return (
    <Panel
      title="Close a day"
      about="Proves that hours, days and months agree; today is closed as far as it goes. It runs by itself at 01:00 UTC."
    >
      <form onSubmit={submit}>
        <Row busy={fetching} label="Aggregate">
          <TextInput
            label="Day, UTC"
            type="date"
            required
            max={dayName(Date.now())}
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
          />
        </Row>
      </form>
      {error && <Failed what="The day was not closed." error={error} />}
      {done && (
        <Done good={done.differenceCount === 0}>
          {done.date}: <Count of={done.totalRequests} one="unit" many="units" /> of{' '}
          <Count of={done.keys} one="key" many="keys" />.{' '}
          {done.differenceCount === 0 ? (
            'Hours, days and months agree.'
          ) : (
            <>
              <Count of={done.differenceCount} one="cell disagrees" many="cells disagree" />:
              something was lost or doubled.
            </>
          )}
        </Done>
      )}
    </Panel>
  )
}

function Monitoring() {
  const [{ data, error, fetching }, run] = useMutation(TriggerMonitoringDocument)
  const done = data?.triggerMonitoring
  const raised = done?.alerts.reduce((sum, { count }) => sum + count, 0) ?? 0
  return (
    <Panel
      title="Look at every key"
      about="Raises the alerts that are due. It runs by itself each hour, and within seconds of a crossing."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run({})
        }}
      >
        <Row busy={fetching} label="Monitor" />
      </form>
      {error && <Failed what="The keys were not looked at." error={error} />}
      {done && (
        <Done good={done.failedKeys === 0}>
          <Count of={done.keys} one="key" many="keys" /> with usage this month;{' '}
          <Count of={raised} one="alert" many="alerts" /> raised
          {done.alerts.map(({ level, count }) => ` (${level}: ${count})`)}.{' '}
          {done.failedKeys > 0 && (
            <>
              <Count of={done.failedKeys} one="key" many="keys" /> could not be looked at.
            </>
          )}
        </Done>
      )}
    </Panel>
  )
}

function Invoicing() {
  const [{ data, error, fetching }, run] = useMutation(TriggerInvoicingDocument)
  const [month, setMonth] = useState(() => monthBefore(dayName(Date.now())).slice(0, 7))
  const done = data?.triggerInvoicing
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run({ month })
  }
  return (
    <Panel
      title="Invoice a month"
      about="Each document once; of the running month drafts. It runs by itself on the first at 02:00 UTC."
    >
      <form onSubmit={submit}>
        <Row busy={fetching} label="Invoice">
          <TextInput
            label="Month, UTC"
            description="As 2026-11."
            required
            pattern="\d{4}-\d{2}"
            value={month}
            onChange={(event) => setMonth(event.currentTarget.value)}
          />
        </Row>
      </form>
      {error && <Failed what="The month was not invoiced." error={error} />}
      {done && (
        <Done good={done.problemCount === 0}>
          {done.month}:{' '}
          {done.draft ? (
            <Count of={done.issued} one="draft" many="drafts" />
          ) : (
            <Count of={done.issued} one="document" many="documents" />
          )}{' '}
          made, <WholeNumber value={done.known} /> there before;{' '}
          <Count of={done.paid} one="statement" many="statements" /> found paid;{' '}
          <Count of={done.creditNotes} one="credit note" many="credit notes" />.
          {done.problems.map(({ accountId, kind, because }) => (
            <Text size="sm" key={accountId + kind}>
              {accountId}: {because}
            </Text>
          ))}
        </Done>
      )}
    </Panel>
  )
}

function Count({ of, one, many }: { of: number; one: string; many: string }) {
  return (
    <>
      <WholeNumber value={of} /> {of === 1 ? one : many}
    </>
  )
}

interface RowProps {
  busy: boolean
  label: string
  children?: ReactNode
}

function Row({ busy, label, children }: RowProps) {
  return (
    <Group align="flex-end">
      {children}
      <Button type="submit" loading={busy}>
        {label}
      </Button>
    </Group>
  )
}

function Done({ good, children }: { good: boolean; children: ReactNode }) {
  return (
    <Alert
      color={good ? 'green' : 'red'}
      title={good ? 'Done' : 'Done, and something is wrong'}
      role="status"
      mt="md"
    >
      <Stack gap={4}>
        <Text size="sm" component="div">
          {children}
        </Text>
      </Stack>
    </Alert>
  )
}
