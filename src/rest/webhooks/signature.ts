import { ApiError } from '../../errors.ts'

/** How far the time in a signature may be from ours, both ways, s (interfaces.md, "Web hooks"). */
export const TOLERANCE_S = 300

/** A body with the header that vouches for it. */
export interface SignedBody {
  /** Exactly as it came, decoded. */
  text: string
  /** Lines of the signature header: there must be one. */
  signatures: readonly string[]
}

/**
 * Settles the question whether the provider sent this body just now.
 * @param secrets any of which may have signed
 * @param now ms
 * @throws ApiError BAD_USER_INPUT; it says no more than that it does not fit
 */
export type VerifySignature = (body: SignedBody, secrets: readonly string[], now: number) => void

/** @throws ApiError BAD_USER_INPUT */
export function onlyLine(signatures: readonly string[]): string {
  const [line, ...others] = signatures
  if (line === undefined || others.length > 0) throw badSignature()
  return line
}

/** @param seconds as the header has it */
export function isRecent(seconds: number, now: number): boolean {
  return Math.abs(Math.floor(now / 1_000) - seconds) <= TOLERANCE_S
}

/** One answer to every wrong signature: which part is wrong would help only who guesses. */
export function badSignature(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'The signature does not fit.')
}
