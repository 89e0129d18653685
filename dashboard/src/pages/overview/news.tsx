import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { AlertLevelBadge } from '../../components/alert-level.tsx'
import { Name } from '../../components/name.tsx'
import { money } from '../../format/numbers.ts'
import type { OverviewChangesQuery } from '../../gql/graphql.ts'

export interface News {
  id: string
  /** RFC 3339 */
  at: string
  what: ReactNode
}

/** @param since ms @returns the latest first */
export function newsOf(data: OverviewChangesQuery, since: number): News[] {
  return [...alertsOf(data), ...changesOf(data), ...invoicesOf(data)]
    .filter(({ at }) => Date.parse(at) >= since)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
}

function alertsOf({ alerts }: OverviewChangesQuery): News[] {
  return (alerts?.edges ?? []).map(({ node: { id, level, message, raisedAt } }) => ({
    ...{ id, at: raisedAt },
    what: (
      <Text size="sm">
        <AlertLevelBadge level={level} /> {message}
      </Text>
    ),
  }))
}

function changesOf({ account }: OverviewChangesQuery): News[] {
  return (account?.apiKeys ?? []).flatMap(({ name, accessHistory }) =>
    accessHistory.edges.map(({ node: { id, recordedAt, because, from, to } }) => ({
      ...{ id, at: recordedAt },
      what: (
        <Text size="sm">
          <b>
            <Name>{name}</Name>
          </b>
          : {because} {inShort(from, to)}
        </Text>
      ),
    })),
  )
}

type Changed = { status: string; tier: string }

/** What is other than before; a key that was just made has no before. */
function inShort(from: Changed | null, to: Changed): string {
  const words = [
    from !== null && from.tier !== to.tier && `Its plan is “${to.tier}” now.`,
    to.status === 'BLOCKED' && from?.status !== 'BLOCKED' && 'Its calls are refused.',
    to.status === 'ACTIVE' && from?.status === 'BLOCKED' && 'Its calls are served again.',
  ]
  return words.filter((one) => one !== false).join(' ')
}

function invoicesOf({ invoices }: OverviewChangesQuery): News[] {
  return (invoices?.edges ?? [])
    .filter(({ node: { status } }) => status !== 'DRAFT')
    .map(({ node: { id, number, kind, issuedAt, total } }) => ({
      ...{ id, at: issuedAt },
      what: (
        <Text size="sm">
          {documentNames[kind]} {number} over {money(total)} was issued.
        </Text>
      ),
    }))
}

const documentNames = {
  CREDIT_NOTE: 'The credit note',
  INVOICE: 'The invoice',
  USAGE_STATEMENT: 'The usage statement',
} as const
