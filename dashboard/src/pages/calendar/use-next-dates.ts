import { useState } from 'react'
import { DueDatesDocument } from '../../gql/graphql.ts'
import { type PaidUsage, usePaidQuestion } from '../../graphql/paid-question.ts'
import type { CalendarKey } from './calendar.tsx'
import { type DueDates, paidDates, type Question, withPage } from './due-dates.ts'
import { choiceOf, type Watch } from './watch.ts'

export interface NextDates {
  /** Null: nothing was asked yet. */
  shown: DueDates | null
  /** Something else is chosen since. */
  changed: boolean
  /** Of the last answer. */
  usage: PaidUsage | null
  asking: boolean
  error: unknown
  /** From the first date on. Costs a unit, as each further page does. */
  read(): Promise<void>
  readMore(): Promise<void>
}

/** What is due next, as somebody asked for it last. */
export function useNextDates(accountId: string, watch: Watch, paying: CalendarKey): NextDates {
  const [shown, show] = useState<DueDates | null>(() => paidDates.of(accountId))
  const [usage, setUsage] = useState<PaidUsage | null>(null)
  const { ask, asking, error } = usePaidQuestion(DueDatesDocument)
  const question: Question = { ...choiceOf(watch), days: watch.days }
  const changed = shown !== null && JSON.stringify(shown.question) !== JSON.stringify(question)

  async function readPage(asked: Question, before: DueDates | null): Promise<void> {
    const answer = await ask(paying.id, { ...asked, after: before?.after ?? null })
    if (!answer?.data.upcomingTaxDates) return
    const dates = withPage(asked, before, answer.data.upcomingTaxDates)
    paidDates.keep(accountId, dates)
    show(dates)
    setUsage(answer.usage)
  }

  return {
    ...{ shown, changed, usage, asking, error },
    read: () => readPage(question, null),
    readMore: async () => {
      if (shown) await readPage(shown.question, shown)
    },
  }
}
