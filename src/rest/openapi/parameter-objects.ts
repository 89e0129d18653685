import { isEnumType } from 'graphql'
import { DEFAULT_PAGE, LARGEST_PAGE } from '../../rules/connection.ts'
import { MOST_DAYS } from '../../rules/tax/find-upcoming-tax-dates.ts'
import type { YearRange } from '../../rules/tax/tax-data.ts'
import type { RestParameter } from '../tax-api/parameters.ts'
import { inRestWords, type RestWords } from '../tax-api/rest-words.ts'
import { componentRef, type JsonObject } from './output-schemas.ts'
import { scalarSchema } from './scalar-schemas.ts'

/**
 * What GraphQL's types cannot say of a parameter's values. A test asks the API for each bound and for
 * what lies beyond it.
 */
function boundsOf(years: YearRange): Readonly<Record<string, JsonObject>> {
  const month = { minimum: 1, maximum: 12 }
  return {
    year: { minimum: years.first, maximum: years.last },
    periodEndMonth: month,
    yearEndMonth: month,
    days: { minimum: 1, maximum: MOST_DAYS },
    first: { minimum: 1, maximum: LARGEST_PAGE, default: DEFAULT_PAGE },
  }
}

/** A route's parameters as OpenAPI describes them; lists are given once for each value. */
export function parameterObjects(
  parameters: readonly RestParameter[],
  { years, words }: { years: YearRange; words: RestWords },
): JsonObject[] {
  const bounds = boundsOf(years)
  return parameters.map(({ name, description, required, repeatable, type, defaultValue }) => {
    const one = isEnumType(type) ? componentRef('schemas', type.name) : scalarSchema(type.name)
    const bounded = {
      ...one,
      ...bounds[name],
      ...(defaultValue !== undefined && { default: defaultValue }),
    }
    return {
      name,
      in: 'query',
      ...(description && { description: inRestWords(description, words) }),
      required,
      ...(repeatable && { style: 'form', explode: true }),
      schema: repeatable ? { type: 'array', minItems: 1, items: bounded } : bounded,
    }
  })
}
