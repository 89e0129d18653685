import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import {
  checkedCustomerUrl,
  isAllowed,
  isPublicAddress,
  parseAllowed,
} from '../../src/rules/public-address.ts'
import { embeddingsOf, notationsOf, privateIpv4 } from '../outgoing/address-notations.ts'

const none: ReadonlySet<string> = new Set()

describe('which addresses are public', () => {
  test.each([
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
    ...['127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1'],
    ...['192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.19.255.255'],
    ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1'],
    ...['255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1'],
    ...['::ffff:0:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1'],
    ...['2002:7f00:1::', '2001::1', '2001:0:4136:e378::1', '2001:10::1', '2001:20::1'],
    ...['2001:db8::1', '2001:2::1', '2001:1ff::1', '3fff::1', '5f00::1', '100::1', 'fc00::1'],
    ...['fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '4000::1', 'e000::1'],
    ...['2606:4700::5efe:10.0.0.1', '2606:4700::200:5efe:7f00:1', '2606:4700::1%1'],
    ...['', 'localhost', '1', '0x7f000001', '0127.0.0.1', '127.1', '8.8.8.8 ', '8.8.8.8/32'],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1'],
    ...['126.255.255.255', '128.0.0.1', '172.15.255.255', '172.32.0.1', '192.167.255.255'],
    ...['223.255.255.255', '2001:4860:4860::8888', '2606:4700:4700::1111', '2a00:1450::1'],
  ])('%s is', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test('no private IPv4 address becomes public inside an IPv6 one', () => {
    const addresses = privateIpv4.chain(embeddingsOf)
    fc.assert(fc.property(addresses, (address) => !isPublicAddress(address)))
  })
})

describe('which URLs a customer may enter', () => {
  test.each([
    'https://hooks.slack.com/services/T0/B0/x',
    'https://example.com:443/a?b=c',
    'https://EXAMPLE.com',
    'https://8.8.8.8/hook',
    'https://[2606:4700:4700::1111]/hook',
    'https://bücher.example/x',
    'https://example.com/a@b?c=@d',
  ])('%s is fine', (url) => {
    expect(checkedCustomerUrl(url, none)).toBeInstanceOf(URL)
  })

  test.each([
    ...['', 'example.com', '//example.com', 'http://example.com', 'file:///etc/passwd'],
    ...['ftp://example.com', 'javascript:alert(1)', 'data:text/plain,x', 'gopher://example.com'],
    ...['https://user@example.com', 'https://user:pass@example.com', 'https://@example.com'],
    ...['https://:@example.com', 'https://example.com:80', 'https://example.com:8443'],
    ...['https://example.com:22', 'https://localhost', 'https://a.localhost', 'https://printer'],
    ...['https://db.internal', 'https://nas.local', 'https://example.com.', 'https://.example.com'],
    ...['https://169.254.169.254/latest/meta-data', 'https://[::1]', 'https://[::ffff:127.0.0.1]'],
    ...['https://0x7f000001', 'https://2130706433', 'https://017700000001', 'https://127.1'],
    ...['https://0.0.0.0', 'https://100.64.0.1', 'https://127.0.0.1.', 'https://１２７.0.0.1'],
    ...['https://127。0。0。1', 'https://①②⑦.0.0.1', 'https://%31%32%37.0.0.1'],
    ...['https://exam\nple.com', 'https://example.com/\r\nX: y', ' https://example.com'],
    ...['https:\\\\example.com', 'https://example.com\\@127.0.0.1', 'https://example.com/\u0000'],
    ...[`https://example.com/${'a'.repeat(2_100)}`, 'https://', 'https://[::1', 'https://a b.com'],
  ])('%j is not', (url) => {
    expect(() => checkedCustomerUrl(url, none)).toThrow(BadInput)
  })

  test('no notation of a private address is fine', () => {
    const urls = privateIpv4.chain(notationsOf).map((host) => `https://${host}/hook`)
    fc.assert(
      fc.property(urls, (url) => {
        expect(() => checkedCustomerUrl(url, none)).toThrow(BadInput)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a refusal shows nothing of the URL', () => {
    for (const url of ['http://a.example/planted', 'https://planted@a.example', 'planted']) {
      expect(() => checkedCustomerUrl(url, none)).toThrow(/^(?!.*planted)/)
    }
  })
})

describe('OUTBOUND_ALLOW', () => {
  const allow = new Set(['127.0.0.1:9000', 'stand-in:8080', '[::1]:9001'])

  test.each([
    ['http://127.0.0.1:9000/x', true],
    ['https://127.0.0.1:9000/x', true],
    ['http://0x7f.1:9000/', true],
    ['http://STAND-IN:8080', true],
    ['http://[0::1]:9001', true],
    ['http://127.0.0.1:9001/x', false],
    ['http://127.0.0.2:9000/x', false],
    ['http://stand-in', false],
    ['ftp://stand-in:8080', false],
  ])('%s: %s', (text, expected) => {
    expect(isAllowed(new URL(text), allow)).toBe(expected)
    const check = () => checkedCustomerUrl(text, allow)
    if (expected) expect(check()).toBeInstanceOf(URL)
    else expect(check).toThrow(BadInput)
  })

  test('exempts nobody from the rule on credentials', () => {
    expect(() => checkedCustomerUrl('http://u:p@127.0.0.1:9000', allow)).toThrow('user name')
  })

  test.each([
    ['127.0.0.1:9000', '127.0.0.1:9000'],
    ['Localhost:80', 'localhost:80'],
    ['[0:0::1]:443', '[::1]:443'],
    ['stand-in:08080', 'stand-in:8080'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseAllowed(text)).toBe(expected)
  })

  test.each(['host', 'host:', ':80', 'host:0', 'host:65536', 'a/b:80', 'u@host:80', 'http://h:80'])(
    'refuses %s',
    (text) => {
      expect(parseAllowed(text)).toBeNull()
    },
  )
})
