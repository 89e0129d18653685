import { createHmac, timingSafeEqual } from 'node:crypto'
import { badSignature, isRecent, onlyLine, type VerifySignature } from './signature.ts'

/** `ts=1671552777;h1=eb4d0dc8…`: during a rotation of secrets with several h1. */
const shape = /^ts=(\d{1,12})((?:;h1=[0-9a-f]{64})+)$/
/** What 64 hexadecimal digits may take in a header; more is not Paddle's. */
const MOST_CHARACTERS = 1_000

/**
 * By ourselves: Paddle's SDK reads only the last `h1`, and takes any time ahead and an empty secret
 * (developer.paddle.com/webhooks/signature-verification: HMAC-SHA-256 over `ts:body`).
 */
export const verifyPaddle: VerifySignature = ({ text, signatures }, secrets, now) => {
  const line = onlyLine(signatures)
  const [, seconds, rest] = (line.length <= MOST_CHARACTERS && shape.exec(line)) || []
  if (seconds === undefined || rest === undefined || !isRecent(Number(seconds), now)) {
    throw badSignature()
  }
  const given = rest.split(';h1=').slice(1)
  const expected = secrets
    .filter((secret) => secret !== '')
    .map((secret) => createHmac('sha256', secret).update(`${seconds}:${text}`).digest())
  const fits = expected.some((digest) =>
    given.some((hex) => timingSafeEqual(Buffer.from(hex, 'hex'), digest)),
  )
  if (!fits) throw badSignature()
}
