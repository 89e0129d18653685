import { describe, expect, test } from 'vitest'
import { createClientAddress, isLoopback } from '../../src/http/client-address.ts'

const proxies = [
  { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { address: 'fd00::', prefix: 8, family: 'ipv6' },
] as const
const addressOf = createClientAddress(proxies)

describe('behind nobody', () => {
  test('the peer is the client, whatever it claims', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' }
    expect(addressOf({ remoteAddress: '203.0.113.7', headers })).toEqual({
      ip: '203.0.113.7',
      secure: false,
      loopback: false,
      proxied: false,
    })
  })

  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('%s is loopback', (ip) => {
    expect(addressOf({ remoteAddress: ip, headers: {} }).loopback).toBe(true)
    expect(isLoopback(ip)).toBe(true)
  })

  test.each(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'x-forwarded-proto'])(
    'loopback with %s was forwarded by somebody, so it is not',
    (name) => {
      const headers = { [name]: 'something' }
      expect(addressOf({ remoteAddress: '127.0.0.1', headers }).loopback).toBe(false)
    },
  )

  test('TLS of our own is secure', () => {
    expect(addressOf({ remoteAddress: '::1', encrypted: true, headers: {} }).secure).toBe(true)
  })
})

describe('behind trusted proxies', () => {
  const from = (chain: string, more: Record<string, string> = {}) =>
    addressOf({ remoteAddress: '10.1.1.1', headers: { 'x-forwarded-for': chain, ...more } })

  test('the last hop that is no trusted proxy is the client: what stands before it anybody can write', () => {
    expect(from('6.6.6.6, 203.0.113.7').ip).toBe('203.0.113.7')
    expect(from('6.6.6.6, 203.0.113.7, 10.2.2.2').ip).toBe('203.0.113.7')
    expect(from('::ffff:203.0.113.7').ip).toBe('203.0.113.7')
  })

  test('nonsense is no hop; without any the proxy itself is the client', () => {
    expect(from('unknown, <script>').ip).toBe('10.1.1.1')
    expect(from('10.2.2.2').ip).toBe('10.2.2.2')
  })

  test('their scheme counts', () => {
    expect(from('203.0.113.7', { 'x-forwarded-proto': 'https' }).secure).toBe(true)
    expect(from('203.0.113.7', { 'x-forwarded-proto': 'http' }).secure).toBe(false)
  })

  test('by IPv6 too, and never as loopback', () => {
    const { ip, proxied, loopback } = addressOf({
      remoteAddress: 'fd00::5',
      headers: { 'x-forwarded-for': '2001:db8::9' },
    })
    expect([ip, proxied, loopback]).toEqual(['2001:db8::9', true, false])
  })
})
