import { useCallback, useState } from 'react'
import type { CountryCode, TaxCategory, TaxpayerKind } from '../../gql/graphql.ts'
import { countryCodes } from './tax-words.ts'

/** What somebody watches. An empty list: all of it. */
export interface Watch {
  countries: CountryCode[]
  categories: TaxCategory[]
  taxpayers: TaxpayerKind[]
  /** With their words, so that they can be shown before the list was read. */
  duties: { id: string; label: string }[]
  /** 1–12; null: the year ends that are listed by default. */
  yearEndMonth: number | null
  /** How far ahead. */
  days: number
  /** The key that pays; null: the first. */
  apiKeyId: string | null
}

const none: Watch = {
  ...{ countries: [], categories: [], taxpayers: [], duties: [] },
  ...{ yearEndMonth: null, days: 60, apiKeyId: null },
}

/** Kept in this browser, for each account. */
export function useWatch(accountId: string): [Watch, (change: Partial<Watch>) => void] {
  const name = `getcomplical.watch.${accountId}`
  const [watch, setWatch] = useState(() => readWatch(name))
  const change = useCallback(
    (part: Partial<Watch>) => {
      setWatch((before) => {
        const after = { ...before, ...part }
        localStorage.setItem(name, JSON.stringify(after))
        return after
      })
    },
    [name],
  )
  return [watch, change]
}

/** What another version of this page kept may be anything. */
function readWatch(name: string): Watch {
  try {
    const kept = { ...none, ...JSON.parse(localStorage.getItem(name) ?? '{}') } as Watch
    const known = kept.countries.filter((code) => countryCodes.includes(code))
    const listed = [kept.categories, kept.taxpayers, kept.duties].every(Array.isArray)
    return listed && typeof kept.days === 'number' ? { ...kept, countries: known } : none
  } catch {
    return none
  }
}

/** The same as arguments of the API, which takes no empty lists. */
export function choiceOf({ countries, categories, taxpayers, duties, yearEndMonth }: Watch) {
  const orAll = <Value>(values: Value[]) => (values.length > 0 ? values : null)
  return {
    countries,
    categories: orAll(categories),
    taxpayers: orAll(taxpayers),
    obligationIds: orAll(duties.map(({ id }) => id)),
    yearEndMonth,
  }
}
