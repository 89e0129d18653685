import { executeSync, parse, validate } from 'graphql'
import { findTaxDates, type TaxDateQuery } from '../src/rules/tax/find-tax-dates.ts'
import type { TaxData } from '../src/rules/tax/tax-data.ts'
import { createTaxHistory } from '../src/rules/tax/tax-history.ts'
import { buildSchema } from '../src/schema/schema.ts'
import { cpuNanoseconds } from './cpu.ts'
import type { Arm } from './rounds.ts'

const datesACall = 20

const plain = 'id periodEnd dueDate obligation { id taxType }'
/** All that proves a date: more than most ask for. */
const proven = `id region periodStart periodEnd statutoryDate dueDate payBy payByReason shiftedBy provisional
  obligation { id taxType category taxpayer taxpayerKinds action rule evidence sources { name url readOn } }
  movedBy { kind date name calendar provisional }
  disagreements { printedDate printedAs why source { name url } }`

const queryOf = (fields: string) => `query ($country: CountryCode!, $year: Int, $first: Int) {
  taxDates(country: $country, year: $year, first: $first) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${fields} } }
  }
}`

/** One process, one call after the other, over all countries and years in turn. */
export function taxDateArms(data: TaxData, random: () => number): Arm[] {
  const queries = shuffledQueries(data, random)
  return [
    armOf('proven', queries, resolver(data, proven)),
    armOf('plain', queries, resolver(data, plain)),
    armOf('found', queries, (query) => findTaxDates(data, query)),
    armOf('proven again', queries, resolver(data, proven)),
  ]
}

/** One for each country and year that has so many dates, in a new order. */
function shuffledQueries(data: TaxData, random: () => number): TaxDateQuery[] {
  const queries: { query: TaxDateQuery; place: number }[] = []
  for (const country of data.countries.keys()) {
    for (let year = data.years.first; year <= data.years.last; year++) {
      const query = { country, year, first: datesACall }
      if (findTaxDates(data, query).edges.length < datesACall) continue
      queries.push({ query, place: random() })
    }
  }
  return queries.toSorted((a, b) => a.place - b.place).map(({ query }) => query)
}

/** What is left of a call when Yoga is taken away: the operation executed, parsed long ago. */
function resolver(data: TaxData, fields: string): (query: TaxDateQuery) => void {
  const [schema, document] = [buildSchema(), parse(queryOf(fields))]
  const wrong = validate(schema, document)
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  const deps = { taxHistory: createTaxHistory(data, Date.now) }
  const contextValue = { caller: { kind: 'anonymous' }, deps }
  return (query) => {
    const variableValues = { ...query }
    const { errors } = executeSync({ schema, document, variableValues, contextValue })
    if (errors) throw new Error(errors.join('\n'))
  }
}

function armOf(
  name: string,
  queries: readonly TaxDateQuery[],
  call: (query: TaxDateQuery) => unknown,
): Arm {
  let next = 0
  return {
    name,
    async slice(ms) {
      const [cpuBefore, before] = [cpuNanoseconds(process.pid), performance.now()]
      let calls = 0
      for (; calls % 16 !== 0 || performance.now() - before < ms; calls++) {
        const query = queries[next++ % queries.length]
        if (query) call(query)
      }
      const [cpuAfter, after] = [cpuNanoseconds(process.pid), performance.now()]
      return {
        cpu: (cpuAfter - cpuBefore) / 1_000 / calls,
        time: ((after - before) * 1_000) / calls,
      }
    },
  }
}
