import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  badSignature,
  isDigest,
  namedValues,
  onlyLine,
  onlyTime,
  type ReadSignature,
} from './signature.ts'

/**
 * `ts=1671552777;h1=eb4d0dc8…`, during a rotation of secrets with several h1. By ourselves: Paddle's SDK reads
 * only the last `h1`, and takes any time ahead and an empty secret
 * (developer.paddle.com/webhooks/signature-verification: HMAC-SHA-256 over `ts:body`).
 */
export const readPaddleSignature: ReadSignature = (lines, now) => {
  const values = namedValues(onlyLine(lines), ';')
  const time = onlyTime(values.get('ts'), now)
  const given = (values.get('h1') ?? []).filter(isDigest).map((hex) => Buffer.from(hex, 'hex'))
  if (given.length === 0) throw badSignature()
  return (text, secrets) =>
    secrets
      .filter((secret) => secret !== '')
      .map((secret) => createHmac('sha256', secret).update(`${time}:${text}`).digest())
      .some((digest) => given.some((one) => timingSafeEqual(one, digest)))
}
