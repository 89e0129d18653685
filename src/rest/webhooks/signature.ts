import { ApiError } from '../../errors.ts'

/** How far the time in a signature may be from ours, both ways, s (interfaces.md, "Web hooks"). */
export const TOLERANCE_S = 300

/** Whether the body is one that the header's signature was made over, with any of the secrets. */
export type SignedWithAny = (text: string, secrets: readonly string[]) => boolean

/**
 * Reads the header that vouches for a body, before a byte of the body is read: what is wrong with it is wrong
 * whatever the body says.
 * @param lines of the signature header: there must be one
 * @param now ms
 * @throws ApiError BAD_USER_INPUT; it says no more than that it does not fit
 */
export type ReadSignature = (lines: readonly string[], now: number) => SignedWithAny

/** @throws ApiError BAD_USER_INPUT */
export function onlyLine(lines: readonly string[]): string {
  const [line, ...others] = lines
  if (line === undefined || others.length > 0 || line.length > MOST_CHARACTERS) throw badSignature()
  return line
}

/** A signature takes some 70; during a rotation there are a few. */
const MOST_CHARACTERS = 2_000

/**
 * The values of a header such as `t=1,v1=…`, by their names. Names that nobody knows are let pass, as both
 * providers ask: they may add schemes.
 */
export function namedValues(line: string, separator: ',' | ';'): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const part of line.split(separator)) {
    const at = part.indexOf('=')
    const name = part.slice(0, Math.max(at, 0))
    values.set(name, [...(values.get(name) ?? []), part.slice(at + 1)])
  }
  return values
}

/**
 * The one time that the header tells, in its own digits: they are part of what is signed.
 * @throws ApiError BAD_USER_INPUT where it is not one, or not of now
 */
export function onlyTime(times: readonly string[] | undefined, now: number): string {
  const [time = '', ...others] = times ?? []
  const isTime = /^\d{1,12}$/.test(time) && others.length === 0
  const off = Math.abs(Math.floor(now / 1_000) - Number(time))
  if (!isTime || off > TOLERANCE_S) throw badSignature()
  return time
}

/** Lower-case hexadecimal of SHA-256, and nothing else. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** One answer to every wrong signature: which part is wrong would help only who guesses. */
export function badSignature(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'The signature does not fit.')
}
