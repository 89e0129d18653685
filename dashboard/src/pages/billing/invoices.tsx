import { Badge, Box, Button, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { monthInWords } from '../../components/calendar-day.tsx'
import { MoneyAmount } from '../../components/money-amount.tsx'
import { PageByPage, type PageProps, WholeRow } from '../../components/page-by-page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { UtcTime } from '../../components/utc-time.tsx'
import { UnseenHead, WideTable } from '../../components/wide-table.tsx'
import { InvoicesDocument, type InvoicesQuery } from '../../gql/graphql.ts'
import { useRead } from '../../graphql/use-read.ts'
import { useSession } from '../../session/session-context.tsx'
import classes from './billing.module.css'
import { invoiceWords, kindWords } from './billing-words.ts'
import { downloadPdf } from './invoice-file.ts'

type Invoice = NonNullable<InvoicesQuery['invoices']>['edges'][number]['node']

const COLUMNS = 6

/** All documents, newest first; each can be taken home as PDF. */
export function Invoices() {
  return (
    <Panel
      title="Invoices"
      about="Made on the first of the next month and mailed to you. A usage statement lists what Stripe or Paddle charge: theirs is the invoice to pay."
    >
      <WideTable
        name="Invoices"
        minWidth={250}
        head={
          <>
            <Table.Th>Number</Table.Th>
            <Table.Th visibleFrom="sm">Month</Table.Th>
            <Table.Th visibleFrom="md">Issued</Table.Th>
            <Table.Th visibleFrom="sm">State</Table.Th>
            <Table.Th ta="right">Total</Table.Th>
            <UnseenHead>Download</UnseenHead>
          </>
        }
      >
        <PageByPage>{(page) => <InvoicePage {...page} />}</PageByPage>
      </WideTable>
    </Panel>
  )
}

function InvoicePage({ after, more }: PageProps) {
  const { data, error, again } = useRead({ query: InvoicesDocument, variables: { after } })
  if (!data?.invoices) {
    return (
      <WholeRow columns={COLUMNS}>
        {error ? (
          <Failed what="Your invoices could not be read." error={error} onRetry={again} />
        ) : (
          <Loading what="Invoices" />
        )}
      </WholeRow>
    )
  }
  const { edges, totalCount, pageInfo } = data.invoices
  return (
    <>
      {totalCount === 0 && (
        <WholeRow columns={COLUMNS}>
          <Empty>
            No invoice yet. The first one comes when a month with something to pay is over.
          </Empty>
        </WholeRow>
      )}
      {edges.map(({ node }) => (
        <InvoiceRow key={node.id} invoice={node} />
      ))}
      <WholeRow columns={COLUMNS}>{more(pageInfo)}</WholeRow>
    </>
  )
}

function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const { kind, number, month, issuedAt, total, providerInvoices } = invoice
  return (
    <Table.Tr>
      <Table.Td>
        {number === 'DRAFT' ? 'Draft' : number}
        <Text size="sm" c="dimmed">
          {kindWords[kind]}
          {providerInvoices.length > 0 && ` of ${providerInvoices.join(', ')}`}
        </Text>
        {/* Columns of their own where there is room. */}
        <Box hiddenFrom="sm">
          <Text size="sm" c="dimmed">
            {monthInWords(month)}
          </Text>
          <State invoice={invoice} />
        </Box>
      </Table.Td>
      <Table.Td visibleFrom="sm">{monthInWords(month)}</Table.Td>
      <Table.Td visibleFrom="md">
        <UtcTime at={issuedAt} />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <State invoice={invoice} />
      </Table.Td>
      <Table.Td ta="right" className={classes.amount}>
        <MoneyAmount of={total} />
      </Table.Td>
      <Table.Td ta="right">
        <PdfButton invoice={invoice} />
      </Table.Td>
    </Table.Tr>
  )
}

function State({ invoice: { status, because } }: { invoice: Invoice }) {
  const { word, colour } = invoiceWords[status]
  return (
    <>
      <Badge color={colour} variant="light" tt="none">
        {word}
      </Badge>
      {because !== null && <Text size="xs">{because}</Text>}
    </>
  )
}

function PdfButton({ invoice: { number, month, pdfUrl } }: { invoice: Invoice }) {
  const session = useSession()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const name = number === 'DRAFT' ? `draft-${month}.pdf` : `${number}.pdf`
  async function download(): Promise<void> {
    setBusy(true)
    setError(null)
    await downloadPdf(session, pdfUrl, name).catch(setError)
    setBusy(false)
  }
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={busy}
        onClick={() => void download()}
        aria-label={`Download ${name}`}
      >
        PDF
      </Button>
      {error !== null && <Failed what="The PDF was not read." error={error} />}
    </>
  )
}
