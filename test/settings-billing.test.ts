import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'getcomplical-billing-'))
const file = join(folder, 'secrets')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = Buffer.alloc(32, 7).toString('base64')
const complete = {
  DATA_DIR: join(folder, 'empty'),
  REDIS_URL: 'redis://127.0.0.1:6379',
  MONGODB_URI: 'mongodb://127.0.0.1:27017/getcomplical?replicaSet=rs0',
  ADMIN_API_KEY: 'a'.repeat(32),
  API_KEY_PEPPER: key,
  ENCRYPTION_KEYS: `k1:${key}`,
}
const read = (environment: Record<string, string>) =>
  readConfig({ ...complete, ...environment }).billing.webhookSecrets

describe.each(['STRIPE', 'PADDLE'] as const)('the secrets of web hooks of %s', (provider) => {
  const name = `${provider}_WEBHOOK_SECRETS`

  test.each(['', ' ', '\t', '\n', ',', 'a,', ',a', 'a,,b', 'a, ,b'])(
    'stop the start where one of %j is blank',
    (value) => {
      expect(() => read({ [name]: value })).toThrow(name)
      writeFileSync(file, value)
      expect(() => read({ [`${name}_FILE`]: file })).toThrow(`${name}_FILE`)
    },
  )

  test.each(['a b', 'a\u0000b', 'schlüssel', 'a,b,c,d'])(
    'stop the start where %j is wrong',
    (value) => {
      expect(() => read({ [name]: value })).toThrow(name)
    },
  )

  test('stop the start where their file is missing, or they come both ways', () => {
    expect(() => read({ [`${name}_FILE`]: join(folder, 'none') })).toThrow('cannot be read')
    writeFileSync(file, 'whsec_planted')
    const both = { [name]: 'whsec_planted', [`${name}_FILE`]: file }
    expect(() => read(both)).toThrow('one will do')
    expect(() => read({ ...both, [name]: 'whsec_planted,' })).toThrow(/^(?!.*planted).*$/s)
  })

  test('may be one to three, by commas or lines, with blanks around them', () => {
    expect(read({ [name]: ' a , b,c ' })[provider]).toEqual({ secrets: ['a', 'b', 'c'] })
    expect(read({ [name]: 'a\r\nb\n' })[provider]).toEqual({ secrets: ['a', 'b'] })
  })

  test('may be none: then nobody can sign', () => {
    expect(read({})[provider]).toBeNull()
    expect(read({ [`${name}_FILE`]: '' })[provider]).toBeNull()
  })
})
