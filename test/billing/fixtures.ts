import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Provider = 'stripe' | 'paddle'
const folder = (provider: Provider) => join(import.meta.dirname, '../fixtures', provider)

/** An event as the provider documents it today, parsed anew for each caller. */
export function fixture(provider: Provider, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder(provider), `${name}.json`), 'utf8'))
}

export function fixtureNames(provider: Provider): string[] {
  return readdirSync(folder(provider)).map((name) => name.replace(/\.json$/, ''))
}

/** The link that the fixtures carry. */
export const fixtureLink = { apiKey: 'key_x1Y2z3A4b5C6', userId: 'auth0|42' }

/** A copy in which the value at a path (`data.object.status`) is another; undefined: gone. */
export function changedAt(
  event: Record<string, unknown>,
  path: string,
  value: unknown,
): Record<string, unknown> {
  const copy = structuredClone(event)
  const names = path.split('.')
  const last = names.pop() ?? ''
  const holder = names.reduce((at, name) => at[name] as Record<string, unknown>, copy)
  if (value === undefined) delete holder[last]
  else holder[last] = value
  return copy
}
