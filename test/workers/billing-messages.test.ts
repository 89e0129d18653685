import { describe, expect, test } from 'vitest'
import type { DunningData } from '../../src/store/dunning-mail.ts'
import { noticeOfBilling } from '../../src/workers/deliver-alerts/messages/billing-notice.ts'
import { mailMessage } from '../../src/workers/deliver-alerts/messages/mail-message.ts'

const key = { prefix: 'gc_live_abcd', name: 'till' }

function mailOf(more: Partial<DunningData> = {}, of: typeof key | null = key) {
  const data: DunningData = {
    ...{ kind: 'reminder', provider: 'STRIPE', tier: 'starter', endsAt: null },
    ...{ since: '2026-11-22T23:59:59.000Z', blockedAt: '2026-12-06T23:59:59.000Z' },
    ...more,
  }
  const notice = noticeOfBilling({ type: 'payment-reminder', data }, of, 'https://tax.example.com')
  if (!notice) throw new Error('nobody is written to')
  const { subject, text, html } = mailMessage(notice)
  // As it reads, wherever its lines are broken.
  const read = (written: string) => written.replace(/\s+/g, ' ')
  return { subject, text: read(text), html: read(html) }
}

describe('a mail about a payment that keeps failing', () => {
  test('says since when, what to do and until when nothing changes, in text and HTML', () => {
    const { subject, text, html } = mailOf()
    expect(subject).toBe('gc_live_abcd: the payment for your plan has failed')
    const words =
      'has been failing since 2026-11-22. Please check the payment method in the billing portal. Until 2026-12-06 nothing changes; from then on calls with this key are refused until the payment arrives.'
    expect(text).toContain(`The payment for the plan "starter" ${words}`)
    expect(html).toContain(`The payment for the plan &quot;starter&quot; ${words}`)
    for (const one of [text, html]) {
      for (const fact of ['till', 'Refused from', 'https://tax.example.com/dashboard']) {
        expect(one).toContain(fact)
      }
    }
  })

  test('says when calls are refused that they are, and what brings them back', () => {
    const { subject, text } = mailOf({ kind: 'blocked' })
    expect(subject).toBe('gc_live_abcd: calls are refused until the payment arrives')
    expect(text).toContain(
      'From now on calls with this key are refused. Pay it, or change the payment method, in the billing portal: they are served again as soon as the payment arrives.',
    )
    expect(text).toContain('Refused since 2026-12-06')
  })

  test('threatens nobody with a block that will not come', () => {
    const elsewhere = mailOf({ blockedAt: null }).text
    expect(elsewhere).toContain('Calls go on being served, because another subscription pays')
    const ending = mailOf({ endsAt: '2026-12-01T00:00:00.000Z' }).text
    expect(ending).toContain('Nothing changes until 2026-12-01, when the subscription ends')
    for (const text of [elsewhere, ending]) expect(text).not.toMatch(/refused/i)
    expect(mailOf({ endsAt: '2027-12-01T00:00:00.000Z' }).text).toContain('from then on calls')
  })

  test('says why it comes, to who wants no alerts; also of a key that is gone', () => {
    expect(mailOf().html).toContain('because it is about the payment for your account')
    const { subject, text } = mailOf({}, null)
    expect(subject).toBe('Your key: the payment for your plan has failed')
    expect(text).not.toContain('API key')
  })

  test('is written about nothing else', () => {
    expect(noticeOfBilling({ type: 'access-changed', data: {} }, key, 'https://x')).toBeNull()
  })
})
