import { describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import { type ChannelKind, checkedFilter, checkedTarget } from '../../src/rules/channel-input.ts'

const none: ReadonlySet<string> = new Set()
const slack = 'https://hooks.slack.com/services/T01234567/B01234567/aBcDeFgHiJkLmNoPqRsTuVwX'
const discord = 'https://discord.com/api/webhooks/123456789012345678/a-b_c123'

/** What the client is told; the test fails where it is accepted. */
function refusalOf(kind: ChannelKind, target: string, allow = none): string {
  try {
    checkedTarget(kind, target, allow)
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error(`${kind} accepts ${JSON.stringify(target)}`)
}

describe('a target', () => {
  test.each<[ChannelKind, string, string, string]>([
    ['EMAIL', 'ada@example.com', 'ada@example.com', 'a…@example.com'],
    [
      'EMAIL',
      "o'brien+tax@mail.example.co.uk",
      "o'brien+tax@mail.example.co.uk",
      'o…@mail.example.co.uk',
    ],
    ['EMAIL', 'a@xn--bcher-kva.example', 'a@xn--bcher-kva.example', 'a…@xn--bcher-kva.example'],
    ['SLACK', slack, slack, 'https://hooks.slack.com/…'],
    ['DISCORD', discord, discord, 'https://discord.com/…'],
    [
      'DISCORD',
      'https://discordapp.com/api/webhooks/1/x',
      'https://discordapp.com/api/webhooks/1/x',
      'https://discordapp.com/…',
    ],
    ['DISCORD', `${discord}?thread_id=42`, `${discord}?thread_id=42`, 'https://discord.com/…'],
    [
      'DISCORD',
      'https://discord.com/api/v10/webhooks/1/x',
      'https://discord.com/api/v10/webhooks/1/x',
      'https://discord.com/…',
    ],
    [
      'WEBHOOK',
      'https://example.com/hook?token=s3cret',
      'https://example.com/hook?token=s3cret',
      'https://example.com/…',
    ],
    ['WEBHOOK', 'HTTPS://Example.COM:443', 'https://example.com/', 'https://example.com/…'],
    [
      'WEBHOOK',
      'https://bücher.example/ä',
      'https://xn--bcher-kva.example/%C3%A4',
      'https://xn--bcher-kva.example/…',
    ],
    ['WEBHOOK', 'https://8.8.8.8/x', 'https://8.8.8.8/x', 'https://8.8.8.8/…'],
  ])('of %s may be %s', (kind, text, target, shown) => {
    expect(checkedTarget(kind, text, none)).toEqual({ target, shown })
  })

  test('has at most 2,000 characters where it is a URL, and 254 where it is an address', () => {
    const url = (length: number) => 'https://example.com/'.padEnd(length, 'x')
    expect(checkedTarget('WEBHOOK', url(2_000), none).target).toHaveLength(2_000)
    expect(refusalOf('WEBHOOK', url(2_001))).toContain('2000')
    expect(refusalOf('WEBHOOK', url(1_000_000))).toContain('2000')
    expect(refusalOf('EMAIL', `a@${'b.'.repeat(126)}com`)).toContain('name@example.com')
  })

  test.each([
    ...['', ' ', 'ada', '@example.com', 'ada@', 'ada@localhost', 'ada@example', 'a@b@example.com'],
    ...['ada@example.com\n', 'ada@example.com\r\nBcc: eve@example.com', '\nada@example.com'],
    ...['Ada <ada@example.com>', '<ada@example.com>', 'ada@example.com,eve@example.com'],
    ...['ada@example.com;eve@example.com', 'ada@example.com eve@example.com', '"a b"@example.com'],
    ...[
      'ada@[127.0.0.1]',
      'ada@127.0.0.1',
      'ada@exämple.com',
      'ädä@example.com',
      'ada@example.com\0',
    ],
    ...[
      `${'a'.repeat(65)}@example.com`,
      '.ada@example.com',
      'a..da@example.com',
      'ada@-example.com',
    ],
    ...['mailto:ada@example.com', 'ada@example.com.', `ada@${'x'.repeat(64)}.com`],
  ])('of EMAIL is one plain address, not %j', (target) => {
    expect(refusalOf('EMAIL', target)).toBe('"target" must be an address like name@example.com.')
  })

  test.each([
    ...['', 'x', 'example.com/x', '//example.com/x', 'javascript:alert(1)', 'file:///etc/passwd'],
    ...['data:text/plain,x', 'ftp://example.com/x', 'ws://example.com/', 'gopher://example.com/'],
    ...['http://example.com/x', 'https://', 'https:///x', 'https:\\\\example.com\\x'],
    ...['https://example.com/\r\nX-Evil: 1', 'https://exam\tple.org/', ' https://example.org/'],
    ...['https://user@example.com/', 'https://user:pass@example.com/', 'https://@example.com/'],
    ...['https://example.com:8443/', 'https://example.com:80/', 'https://example.com:22/'],
    ...['https://example.com:65536/', 'https://example.com:0/'],
    ...['https://localhost/', 'https://localhost./', 'https://a.localhost/', 'https://LOCALHOST/'],
    ...['https://printer.local/', 'https://metadata.google.internal/', 'https://intranet/'],
    ...['https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f000001/'],
    ...['https://0177.0.0.1/', 'https://0x7f.0x0.0x0.0x1/', 'https://0/', 'https://0.0.0.0/'],
    ...[
      'https://①②⑦.⓪.⓪.①/',
      'https://127。0。0。1/',
      'https://127.0.0.1./',
      'https://%31%32%37.0.0.1/',
    ],
    ...[
      'https://10.0.0.1/',
      'https://172.16.0.1/',
      'https://172.31.255.255/',
      'https://192.168.0.1/',
    ],
    ...['https://169.254.169.254/latest/meta-data/', 'https://100.64.0.1/', 'https://198.18.0.1/'],
    ...[
      'https://192.0.2.1/',
      'https://224.0.0.1/',
      'https://255.255.255.255/',
      'https://240.0.0.1/',
    ],
    ...[
      'https://[::1]/',
      'https://[::]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[::ffff:7f00:1]/',
    ],
    ...[
      'https://[fe80::1]/',
      'https://[fc00::1]/',
      'https://[fd12:3456::1]/',
      'https://[ff02::1]/',
    ],
    ...['https://[64:ff9b::7f00:1]/', 'https://[2002:7f00:1::]/', 'https://[2001:db8::1]/'],
    ...['https://[::127.0.0.1]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[::1%25eth0]/'],
  ])('of WEBHOOK is https to a public host, not %j', (target) => {
    const refusal = refusalOf('WEBHOOK', target)
    expect(refusal).toMatch(/^"target" must /)
    if (target.length > 10) expect(refusal).not.toContain(target.slice(-8))
  })

  const elsewhere = [
    ...['https://example.com/services/T0/B0/x', 'http://hooks.slack.com/services/T0/B0/x'],
    ...['https://hooks.slack.com/', 'https://hooks.slack.com/services/T0/B0', `${slack}/more`],
    ...['https://hooks.slack.com.example.com/services/T0/B0/x', `${slack}?x=1`, `${slack}#x`],
    ...['https://xhooks.slack.com/services/T0/B0/x', 'https://slack.com/services/T0/B0/x'],
    ...['https://hooks.slack.com@example.com/services/T0/B0/x', discord],
    ...[
      'https://hooks.slack.com/services/T0/B0/../../../x',
      'https://hooks.slack.com./services/T0/B0/x',
    ],
    ...[
      'https://hooks.slack.com:8443/services/T0/B0/x',
      'https://hooks.slack.com//services/T0/B0/x',
    ],
    ...['https://hooks.slack.com/services/T0%2fB0/B0/x', 'https://ⓗooks.slack.com.evil.example/'],
  ]
  test.each(elsewhere)('of SLACK is an incoming web hook of Slack, not %j', (target) => {
    expect(refusalOf('SLACK', target)).toMatch(/^"target" must /)
  })

  test.each([
    ...['https://discord.com/api/webhooks/1', 'https://discord.com/api/webhooks/x/y'],
    ...['https://discord.com/api/users/1/x', 'https://discord.com.example.com/api/webhooks/1/x'],
    ...['https://evildiscord.com/api/webhooks/1/x', 'https://discord.com/api/webhooks/1/x/slack'],
    ...[
      `${discord}?wait=true`,
      `${discord}?thread_id=x`,
      'http://discord.com/api/webhooks/1/x',
      slack,
    ],
    ...['https://discord.com/api/webhooks/1/x%2f..', 'https://discord.com:444/api/webhooks/1/x'],
  ])('of DISCORD is a web hook of Discord, not %j', (target) => {
    expect(refusalOf('DISCORD', target)).toMatch(/^"target" must /)
  })

  test('may be a stand-in that OUTBOUND_ALLOW names, by host and port, over http, with any path', () => {
    const allow = new Set(['127.0.0.1:9000'])
    for (const kind of ['SLACK', 'DISCORD', 'WEBHOOK'] as const) {
      const url = 'http://127.0.0.1:9000/any/path?x=1'
      expect(checkedTarget(kind, url, allow)).toEqual({
        target: url,
        shown: 'http://127.0.0.1:9000/…',
      })
      expect(checkedTarget(kind, 'http://2130706433:9000/', allow).target).toBe(
        'http://127.0.0.1:9000/',
      )
      for (const other of [
        ...['http://127.0.0.1:9001/', 'http://127.0.0.2:9000/', 'http://localhost:9000/'],
        ...['http://u:p@127.0.0.1:9000/', 'ftp://127.0.0.1:9000/', 'http://127.0.0.1/'],
      ]) {
        expect(refusalOf(kind, other, allow)).toMatch(/^"target" must /)
      }
    }
    expect(refusalOf('EMAIL', 'http://127.0.0.1:9000/', allow)).toContain('name@example.com')
  })
})

describe('a filter', () => {
  test('keeps each value once; null stays null', () => {
    expect(checkedFilter('apiKeyIds', ['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(checkedFilter('apiKeyIds', null)).toBeNull()
  })

  test('is neither empty nor endless', () => {
    expect(() => checkedFilter('levels', [])).toThrow('"levels" must not be empty')
    const many = Array.from({ length: 101 }, (_, i) => `key_${i}`)
    expect(checkedFilter('apiKeyIds', many.slice(1))).toHaveLength(100)
    expect(() => checkedFilter('apiKeyIds', many)).toThrow('"apiKeyIds" must name at most 100.')
  })
})
