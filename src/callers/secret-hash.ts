import { hash, timingSafeEqual } from 'node:crypto'

/** HMAC-SHA-256 of a secret under the pepper, base64url (43 characters). */
export type SecretHash = (secret: string) => string

const blockSize = 64
const digestSize = 32

/**
 * RFC 2104 by two one-shot digests: the same 32 bytes as `createHmac`, whose stream object costs 30 µs a
 * call under load against 2 µs here. Calls are synchronous, so the two buffers can be kept.
 * @param pepper at least 32 bytes
 */
export function createSecretHash(pepper: Uint8Array): SecretHash {
  if (pepper.length < digestSize) throw new Error('the pepper must have at least 32 bytes')
  const key = pepper.length > blockSize ? hash('sha256', pepper, 'buffer') : pepper
  const outer = Buffer.alloc(blockSize + digestSize, 0x5c)
  const innerKey = Buffer.alloc(blockSize, 0x36)
  key.forEach((byte, i) => {
    outer[i] = byte ^ 0x5c
    innerKey[i] = byte ^ 0x36
  })
  return (secret) => {
    const inner = hash('sha256', Buffer.concat([innerKey, Buffer.from(secret)]), 'buffer')
    inner.copy(outer, blockSize)
    return hash('sha256', outer, 'base64url')
  }
}

/** Whether two hashes of the same kind are equal, in a time that tells nothing about where they differ. */
export function equalHashes(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
