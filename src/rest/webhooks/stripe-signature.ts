import Stripe from 'stripe'
import {
  badSignature,
  isDigest,
  namedValues,
  onlyLine,
  onlyTime,
  type ReadSignature,
  TOLERANCE_S,
} from './signature.ts'

/**
 * `t=1492774577,v1=5257a869…`: one time, at least one signature of scheme v1. Verified by Stripe's SDK, which
 * compares in constant time and refuses old times. What it lets pass is refused here: times ahead of ours, and
 * a second time, of which it takes the last.
 */
export const readStripeSignature: ReadSignature = (lines, now) => {
  const line = onlyLine(lines)
  const values = namedValues(line, ',')
  onlyTime(values.get('t'), now)
  if (!values.get('v1')?.some(isDigest)) throw badSignature()
  // An array of secrets throws: one by one.
  return (text, secrets) => secrets.some((secret) => isSignedWith(text, line, secret, now))
}

/** @param text decoded: the SDK's own decoding forgives and drops bytes */
function isSignedWith(text: string, line: string, secret: string, now: number): boolean {
  const { signature } = Stripe.webhooks
  if (!signature) throw new Error('this version of the SDK cannot verify')
  try {
    return signature.verifyHeader(text, line, secret, TOLERANCE_S, undefined, now)
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false
    throw error
  }
}
