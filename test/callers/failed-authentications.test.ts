import { describe, expect, test } from 'vitest'
import { createFailedAuthentications, networkOf } from '../../src/callers/failed-authentications.ts'

describe('failed authentications', () => {
  test('are answered 401 twenty times a minute and 429 from then on, until the minute is over', () => {
    let now = 1_000_000
    const failures = createFailedAuthentications(() => now)
    const codes = () => failures.refusal('192.0.2.1', 'no').code
    expect(Array.from({ length: 20 }, codes)).toEqual(Array(20).fill('UNAUTHENTICATED'))
    now += 45_000
    const refused = failures.refusal('192.0.2.1', 'no')
    expect(refused.code).toBe('RATE_LIMITED')
    expect(refused.retryAfter).toBe(15)
    now += 15_000
    expect(codes()).toBe('UNAUTHENTICATED')
  })

  test('of one address say nothing about another', () => {
    const failures = createFailedAuthentications(() => 0)
    for (let i = 0; i < 30; i += 1) failures.refusal('192.0.2.1', 'no')
    expect(failures.refusal('192.0.2.2', 'no').code).toBe('UNAUTHENTICATED')
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('of %s count for %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network)
  })
})
