import type { TaxDateChange } from '../rules/tax/tax-date-change.ts'
import type { TaxDate } from '../rules/tax/tax-dates.ts'
import type { TaxHistory } from '../rules/tax/tax-history.ts'
import { cloudEvent, type Topic, type TopicEntry } from './topic.ts'

export const taxDateTopic: Topic = { name: 'tax-date-changes' }

/**
 * What the topic says of a change: the change, and the dates of its obligation and period before it and
 * after it, in the words of the API. Of a mere notice there are no dates.
 */
export function taxDateEvent(
  history: TaxHistory,
  change: TaxDateChange,
  databaseId: string,
): TopicEntry {
  const { id, enteredAt, obligationId, periodEnd, country } = change
  const number = Number(id)
  const { before, after } = history.datesAround(change)
  const event = cloudEvent(taxDateTopic, databaseId, {
    number,
    type: 'com.getcomplical.tax-date.changed.v1',
    time: enteredAt,
    subject: obligationId === null ? country : `${obligationId}:${periodEnd}`,
    data: {
      change: wordsOfChange(change),
      before: before.map(wordsOfDate),
      after: after.map(wordsOfDate),
    },
  })
  return { number, event }
}

function wordsOfChange(change: TaxDateChange) {
  const { id, country, obligationId, periodEnd, region, effect, dueDate } = change
  const { appliesTo, reason, source, enteredAt } = change
  return {
    ...{ id, country, obligationId, periodEnd, region, effect, dueDate, appliesTo, reason },
    source: { name: source.name, url: source.url, readOn: source.read },
    enteredAt: new Date(enteredAt).toISOString(),
  }
}

/** Written out: a public format gains nothing by itself. */
function wordsOfDate(date: TaxDate) {
  const { id, obligation, region, periodStart, periodEnd, statutoryDate, dueDate } = date
  const { payBy, payByReason, shiftedBy, provisional } = date
  return {
    ...{ id, obligationId: obligation.id, region, periodStart, periodEnd },
    ...{ statutoryDate, dueDate, payBy, payByReason, shiftedBy, provisional },
  }
}
