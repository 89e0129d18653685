import { GraphQLError, type ValueNode } from 'graphql'
import { isCalendarMonth, parseInstant, printInstant } from '../rules/iso-time.ts'
import { isCalendarDate } from '../rules/tax/calendar-date.ts'
import { builder } from './builder.ts'

/**
 * Input errors are GraphQLErrors, which clients see as BAD_USER_INPUT; output errors are plain Errors,
 * because a resolver that returns nonsense is our fault and is masked as INTERNAL.
 */
function refuse(expected: string, value: unknown): GraphQLError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value
  return new GraphQLError(`Expected ${expected}, found ${shown}.`)
}

/** Literals reach a scalar as AST; only strings and integers are spelled by these scalars. */
function literal(node: ValueNode): unknown {
  if (node.kind === 'StringValue') return node.value
  if (node.kind === 'IntValue') return Number(node.value)
  return node.kind
}

function parseDate(value: unknown): string {
  if (typeof value === 'string' && isCalendarDate(value)) return value
  throw refuse('a calendar date as "2026-02-28"', value)
}

function parseDateTime(value: unknown): Date {
  const date = typeof value === 'string' ? parseInstant(value) : null
  if (date) return date
  throw refuse('an instant as "2026-02-28T01:00:00Z"', value)
}

function parseYearMonth(value: unknown): string {
  if (typeof value === 'string' && isCalendarMonth(value)) return value
  throw refuse('a calendar month as "2026-02"', value)
}

function parseSafeInt(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw refuse('a whole number up to 2^53 - 1', value)
}

builder.scalarType('Date', {
  description: 'Calendar date, ISO 8601: 2026-02-28.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/local-date.html',
  serialize(value) {
    if (isCalendarDate(value)) return value
    throw new Error('not a calendar date')
  },
  parseValue: parseDate,
  parseLiteral: (node) => parseDate(literal(node)),
})

builder.scalarType('DateTime', {
  description: 'Instant, RFC 3339, always UTC: 2026-02-28T01:00:00Z.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  // `toISOString` throws on an invalid Date, which is the point.
  serialize: printInstant,
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(literal(node)),
})

builder.scalarType('YearMonth', {
  description: 'Calendar month in UTC: 2026-02.',
  serialize(value) {
    if (isCalendarMonth(value)) return value
    throw new Error('not a calendar month')
  },
  parseValue: parseYearMonth,
  parseLiteral: (node) => parseYearMonth(literal(node)),
})

builder.scalarType('SafeInt', {
  description: 'Whole number up to 2^53 - 1, a JSON number on the wire.',
  serialize(value) {
    if (Number.isSafeInteger(value)) return value
    throw new Error('not a safe integer')
  },
  parseValue: parseSafeInt,
  parseLiteral: (node) => parseSafeInt(literal(node)),
})
