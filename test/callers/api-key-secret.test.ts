import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWellFormedSecret, newSecret, shownOfSecret } from '../../src/callers/api-key-secret.ts'
import { randomBase62, toBase62 } from '../../src/callers/base62.ts'
import { createSecretHash, equalHashes } from '../../src/callers/secret-hash.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('a secret', () => {
  test('is gc_live_, thirty random digits and six of checksum', () => {
    for (let i = 0; i < 1_000; i += 1) {
      const secret = newSecret(randomBytes)
      expect(secret).toMatch(/^gc_live_[0-9A-Za-z]{36}$/)
      expect(isWellFormedSecret(secret)).toBe(true)
    }
  })

  test('is told from any other with one character changed, without a look-up', () => {
    const secret = newSecret(randomBytes)
    for (let i = 8; i < secret.length; i += 1) {
      for (const digit of digits) {
        if (digit === secret[i]) continue
        const changed = secret.slice(0, i) + digit + secret.slice(i + 1)
        expect(isWellFormedSecret(changed)).toBe(false)
      }
    }
  })

  test('is refused with anything before, after or inside it', () => {
    const secret = newSecret(randomBytes)
    for (const text of [
      '',
      ` ${secret}`,
      `${secret} `,
      `${secret}\n`,
      `${secret}\0`,
      `${secret}${secret}`,
      secret.toUpperCase(),
      secret.replace('live', 'test'),
      'x'.repeat(100_000),
    ]) {
      expect(isWellFormedSecret(text)).toBe(false)
    }
  })

  test('shows twelve characters in front and four at the end', () => {
    const secret = newSecret(randomBytes)
    expect(shownOfSecret(secret)).toEqual({
      prefix: secret.slice(0, 12),
      lastFour: secret.slice(-4),
    })
  })
})

describe('base 62', () => {
  test('gives every digit equally often', () => {
    const counts = new Map<string, number>()
    for (const digit of randomBase62(randomBytes, 62_000)) {
      counts.set(digit, (counts.get(digit) ?? 0) + 1)
    }
    const chiSquare = [...digits]
      .map((digit) => ((counts.get(digit) ?? 0) - 1_000) ** 2 / 1_000)
      .reduce((sum, one) => sum + one, 0)
    // 61 degrees of freedom: above 130 once in a million runs; a plain modulo by 62 gives about 900.
    expect(chiSquare).toBeLessThan(130)
  })

  test('passes over the bytes that would favour the first digits', () => {
    const bytes = [255, 248, 0, 247, 61]
    const random = (size: number) => Uint8Array.from(bytes.splice(0, size))
    expect(randomBase62(random, 3)).toBe('0zz')
  })

  test('writes every CRC-32 in six digits', () => {
    expect(toBase62(0, 6)).toBe('000000')
    expect(toBase62(0xffffffff, 6)).toHaveLength(6)
    expect(62 ** 6).toBeGreaterThan(0xffffffff)
  })
})

describe('the hash of a secret', () => {
  test('is the HMAC-SHA-256 of createHmac for every pepper and text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 130 }), fc.string(), (pepper, text) => {
        const expected = createHmac('sha256', pepper).update(text).digest('base64url')
        expect(createSecretHash(pepper)(text)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('needs a pepper of at least 32 bytes', () => {
    expect(() => createSecretHash(new Uint8Array(31))).toThrow('32 bytes')
  })

  test('is compared whole', () => {
    const hash = createSecretHash(randomBytes(32))('a')
    expect(equalHashes(hash, hash)).toBe(true)
    expect(equalHashes(hash, hash.slice(0, -1))).toBe(false)
    expect(equalHashes(hash, `${hash.slice(0, -1)}${hash.endsWith('A') ? 'B' : 'A'}`)).toBe(false)
  })
})
