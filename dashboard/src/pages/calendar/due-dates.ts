import type { DueDatesQuery, DueDatesQueryVariables } from '../../gql/graphql.ts'

type Answer = NonNullable<DueDatesQuery['upcomingTaxDates']>
export type DueDate = Answer['edges'][number]['node']

export type Question = Omit<DueDatesQueryVariables, 'after'>

/** Dates that were paid for, with what is left to read. */
export interface DueDates {
  /** What was asked: another choice has other pages. */
  question: Question
  dates: DueDate[]
  totalCount: number
  /** Where the next page begins; null: all are here. */
  after: string | null
}

export function withPage(question: Question, before: DueDates | null, page: Answer): DueDates {
  const { edges, totalCount, pageInfo } = page
  return {
    question,
    dates: [...(before?.dates ?? []), ...edges.map(({ node }) => node)],
    totalCount,
    after: pageInfo.hasNextPage ? pageInfo.endCursor : null,
  }
}

/** By the month in which they are due, `2026-12`, as they come: earliest first. */
export function byMonth(dates: readonly DueDate[]): [month: string, dates: DueDate[]][] {
  const months = new Map<string, DueDate[]>()
  for (const date of dates) {
    const month = date.dueDate.slice(0, 7)
    const listed = months.get(month)
    if (listed) listed.push(date)
    else months.set(month, [date])
  }
  return [...months]
}

const kept = new Map<string, DueDates>()

/**
 * What was paid for stays until the browser's page is left: who comes back from another page of the dashboard sees it
 * without paying again.
 */
export const paidDates = {
  of: (accountId: string): DueDates | null => kept.get(accountId) ?? null,
  keep: (accountId: string, dates: DueDates): void => void kept.set(accountId, dates),
}
