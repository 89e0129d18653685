import { expect, test } from 'vitest'
import { contentPolicy, framePolicy } from '../../../src/rules/dashboard/content-policy.ts'

test('the policy of the app names what it needs, its issuer and nothing else', () => {
  expect(contentPolicy('bm9uY2U=', ['https://issuer.example', 'https://tokens.example'])).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-bm9uY2U='; " +
      "connect-src 'self' https://issuer.example https://tokens.example; img-src 'self' data:; " +
      "font-src 'self'; frame-src 'self'; base-uri 'none'; " +
      "form-action 'self' https://issuer.example https://tokens.example; frame-ancestors 'none'",
  )
})

test('without an issuer it names none, and an IPv6 address never: browsers know no such source', () => {
  for (const origins of [[], ['http://[::1]:4000']]) {
    const policy = contentPolicy('x', origins)
    expect(policy).toContain("connect-src 'self';")
    expect(policy).toContain("form-action 'self';")
  }
})

test('only the policy of frames lets styles be written, and only our own pages may hold one', () => {
  expect(framePolicy()).toContain("style-src 'self' 'unsafe-inline'")
  expect(framePolicy()).toContain("frame-ancestors 'self'")
  expect(framePolicy()).not.toMatch(/script-src[^;]*unsafe/)
})
