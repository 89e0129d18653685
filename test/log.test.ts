import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'

function logged(error: unknown): { err: Record<string, unknown>; msg: string } {
  const lines: string[] = []
  createLog('info', 'test', { write: (line) => void lines.push(line) }).error(
    { err: error },
    'it failed',
  )
  return JSON.parse(lines.join(''))
}

const secret = `gc_live_${'a'.repeat(36)}`

test('an error shows no credential, wherever in it the credential stands', () => {
  const error = Object.assign(new Error(`mongodb://user:pass@host refused ${secret}`), {
    header: 'Bearer abc',
    nested: { url: 'https://me:secret@issuer/', token: 'eyJa.eyJb.c' },
  })
  const { err, msg } = logged(error)
  expect(JSON.stringify(err)).not.toMatch(/pass|aaaa|abc|me:|eyJ/)
  expect(err).toMatchObject({
    message: 'mongodb://[redacted]@host refused [redacted]',
    header: 'Bearer [redacted]',
    nested: { url: 'https://[redacted]@issuer/', token: '[redacted]' },
  })
  expect(err.stack).toContain('log.test.ts')
  expect(msg).toBe('it failed')
})

test('an error that cannot be printed as it is does not break whoever logs it', () => {
  const circular = Object.assign(new Error(`around with ${secret}`), { self: {} })
  circular.self = circular
  const ring: Record<string, unknown> = {}
  ring.ring = ring
  const ringed = Object.assign(new Error(`around with ${secret}`), { ring })
  for (const error of [circular, ringed]) {
    expect(logged(error).err).toMatchObject({ type: 'Error', message: 'around with [redacted]' })
  }
  expect(logged(Object.assign(new Error('large'), { count: 10n })).err).toMatchObject({
    count: '10',
  })
})

test('what is thrown without being an error is logged too', () => {
  expect(logged('Bearer abc').err).toBe('Bearer [redacted]')
  expect(logged(null).err).toBeNull()
})
