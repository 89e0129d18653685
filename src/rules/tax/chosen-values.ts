import { BadInput } from '../bad-input.ts'

/** An argument that a client may leave out; null is the same. */
export type Optional<Value> = Value | null | undefined

/**
 * The values of a list argument; null where it was left out, which means all.
 * @param complaint what is wrong with a value, or null
 * @throws BadInput for a value with a complaint, and for an empty list: it could mean all or none, and
 *   either guess would surprise somebody
 */
export function chosenValues<Value>(
  name: string,
  values: Optional<readonly Value[]>,
  complaint: (value: Value) => string | null,
): ReadonlySet<Value> | null {
  if (values === null || values === undefined) return null
  if (values.length === 0) throw new BadInput(`${name}: is empty; leave it out to ask for all`)
  for (const value of values) {
    const wrong = complaint(value)
    if (wrong !== null) throw new BadInput(`${name}: ${wrong}`)
  }
  return new Set(values)
}

/** For an argument whose values are a fixed list of words. */
export function oneOf(words: readonly string[]): (value: string) => string | null {
  return (value) => (words.includes(value) ? null : `${value} is not one of ${words.join(', ')}`)
}

/** For an argument that counts months. */
export function monthComplaint(month: number): string | null {
  return Number.isInteger(month) && month >= 1 && month <= 12 ? null : `${month} is not within 1–12`
}
