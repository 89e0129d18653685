import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createEncryption, type Encrypted } from '../../src/store/encryption.ts'

const older = { id: 'k1', key: randomBytes(32) }
const newer = { id: 'k2', key: randomBytes(32) }
const secret = 'https://hooks.slack.com/services/T000/B000/planted-secret-äöü'

describe('what is encrypted', () => {
  const { encrypt, decrypt } = createEncryption([newer, older], randomBytes)

  test.each(['', 'x', secret, '\0\n', '🔑'.repeat(500)])('reads as before: %j', (text) => {
    expect(decrypt(encrypt(text, 'ch_1', 'target'), 'ch_1', 'target')).toBe(text)
  })

  test('shows nothing of the text, and is another each time', () => {
    const made = Array.from({ length: 100 }, () => encrypt(secret, 'ch_1', 'target'))
    expect(new Set(made.map(({ data }) => data)).size).toBe(100)
    expect(new Set(made.map(({ iv }) => iv)).size).toBe(100)
    for (const { iv, data } of made) {
      expect(Buffer.from(iv, 'base64')).toHaveLength(12)
      expect(Buffer.from(data, 'base64')).toHaveLength(Buffer.byteLength(secret) + 16)
      expect(Buffer.from(data, 'base64').toString('latin1')).not.toContain('planted')
    }
  })

  test.each([
    ['another record', 'ch_2', 'target'],
    ['another field', 'ch_1', 'secret'],
    ['a border that moved', 'ch_', '1target'],
  ])('does not read as %s', (_name, recordId, field) => {
    expect(() => decrypt(encrypt(secret, 'ch_1', 'target'), recordId, field)).toThrow(
      'cannot be decrypted',
    )
  })

  const flipped = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64')
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes.toString('base64')
  }
  test.each<[string, (whole: Encrypted) => Partial<Encrypted>]>([
    ['its first byte', ({ data }) => ({ data: flipped(data, 0) })],
    ['its tag', ({ data }) => ({ data: flipped(data, Buffer.from(data, 'base64').length - 1) })],
    ['its IV', ({ iv }) => ({ iv: flipped(iv, 3) })],
    ['the length of its IV', () => ({ iv: '' })],
    ['its end', ({ data }) => ({ data: data.slice(0, 8) })],
    ['everything', () => ({ data: '' })],
    ['the name of its key', () => ({ keyId: 'k1' })],
  ])('does not read once somebody changed %s, and the error shows nothing', (_name, change) => {
    const whole = encrypt(secret, 'ch_1', 'target')
    const read = () => decrypt({ ...whole, ...change(whole) }, 'ch_1', 'target')
    expect(read).toThrow(/^"target" of ch_1 cannot be decrypted with key "k\d"$/)
  })
})

describe('the keys', () => {
  test('the newest encrypts, every one decrypts', () => {
    const before = createEncryption([older], randomBytes)
    const after = createEncryption([newer, older], randomBytes)
    const old = before.encrypt(secret, 'ch_1', 'target')
    expect(old.keyId).toBe('k1')
    expect(after.decrypt(old, 'ch_1', 'target')).toBe(secret)
    const fresh = after.encrypt(secret, 'ch_1', 'target')
    expect(fresh.keyId).toBe('k2')
    expect(() => before.decrypt(fresh, 'ch_1', 'target')).toThrow('key "k2", which is not known')
  })

  test('are demanded, of the right size', () => {
    expect(() => createEncryption([], randomBytes)).toThrow('needs a key')
    const short = { id: 'k3', key: randomBytes(16) }
    expect(() => createEncryption([newer, short], randomBytes)).toThrow('32 bytes')
  })
})
