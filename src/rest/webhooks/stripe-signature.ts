import Stripe from 'stripe'
import { badSignature, isRecent, onlyLine, TOLERANCE_S, type VerifySignature } from './signature.ts'

/** `t=1492774577,v1=5257a869…`: one time, at least one signature of scheme v1; others may stand beside. */
const shape = /^(?=(?:.*,)?v1=)(?:t=\d{1,12}|v\d{1,3}=[^,]*)(?:,(?:t=\d{1,12}|v\d{1,3}=[^,]*))*$/

/**
 * By Stripe's SDK, which compares in constant time and refuses old times. What it lets pass is refused here:
 * times ahead of ours, a second time, and headers of another shape, of which it takes the last word.
 */
export const verifyStripe: VerifySignature = ({ text, signatures }, secrets, now) => {
  const line = onlyLine(signatures)
  const [time, ...otherTimes] = [...line.matchAll(/(?:^|,)t=(\d+)/g)]
  if (!shape.test(line) || time === undefined || otherTimes.length > 0) throw badSignature()
  if (!isRecent(Number(time[1]), now)) throw badSignature()
  if (!secrets.some((secret) => isSignedWith(text, line, secret, now))) throw badSignature()
}

function isSignedWith(text: string, line: string, secret: string, now: number): boolean {
  const { signature } = Stripe.webhooks
  if (!signature) throw new Error('this version of the SDK cannot verify')
  try {
    // An array of secrets throws: one by one. A decoded body: the SDK's own decoding forgives and drops bytes.
    return signature.verifyHeader(text, line, secret, TOLERANCE_S, undefined, now)
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false
    throw error
  }
}
