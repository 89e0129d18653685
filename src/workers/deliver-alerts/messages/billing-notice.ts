import { dayName } from '../../../rules/calendar-time.ts'
import type { BillingNotice } from '../../../store/billing-notices.ts'
import type { DunningData } from '../../../store/dunning-mail.ts'
import type { InvoiceNoticeData } from '../../../store/issue-invoice.ts'
import { messageOfInvoice } from './invoice-notice.ts'
import type { Fact, KeyNamed, Notice } from './notice.ts'

/**
 * What a mail says of something of billing; null: of this kind nobody is written to.
 * @param key that it is about; null: about none, or it is gone
 * @param publicUrl origin under which customers reach this server
 */
export function noticeOfBilling(
  { type, data }: Pick<BillingNotice, 'type' | 'data'>,
  key: KeyNamed | null,
  publicUrl: string,
): Notice | null {
  const link = `${publicUrl}/dashboard`
  if (type === 'payment-reminder') return reminder(data as DunningData, key, link)
  if (type === 'invoice-issued') return messageOfInvoice(data as InvoiceNoticeData, link)
  return null
}

function reminder(data: DunningData, key: KeyNamed | null, link: string): Notice {
  const { kind, tier, since } = data
  const blocked = kind === 'blocked'
  const name = key?.prefix ?? 'Your key'
  const { words, fact } = whatFollows(data)
  return {
    title: blocked
      ? `${name}: calls are refused until the payment arrives`
      : `${name}: the payment for your plan has failed`,
    text: `The payment for the plan "${tier}" has been failing since ${dayOf(since)}. ${words}`,
    facts: [
      ...(key
        ? [
            { label: 'API key', value: key.prefix },
            { label: 'Name', value: key.name },
          ]
        : []),
      { label: 'Plan', value: tier },
      { label: 'Failing since', value: dayOf(since) },
      ...(fact ? [fact] : []),
    ],
    tone: blocked ? 'critical' : 'warning',
    link,
    about: 'billing',
  }
}

/** Nobody is threatened with a block that will not come. */
function whatFollows({ kind, blockedAt, endsAt }: DunningData): { words: string; fact?: Fact } {
  const please = 'Please check the payment method in the billing portal.'
  if (blockedAt === null) {
    return {
      words: `${please} Calls go on being served, because another subscription pays for this key.`,
    }
  }
  const block = dayOf(blockedAt)
  if (kind === 'blocked') {
    return {
      words:
        'From now on calls with this key are refused. Pay it, or change the payment method, in the billing portal: they are served again as soon as the payment arrives.',
      fact: { label: 'Refused since', value: block },
    }
  }
  if (endsAt !== null && Date.parse(endsAt) <= Date.parse(blockedAt)) {
    const end = dayOf(endsAt)
    return {
      words: `${please} Nothing changes until ${end}, when the subscription ends as you booked it.`,
      fact: { label: 'Ends', value: end },
    }
  }
  return {
    words: `${please} Until ${block} nothing changes; from then on calls with this key are refused until the payment arrives.`,
    fact: { label: 'Refused from', value: block },
  }
}

const dayOf = (instant: string) => dayName(Date.parse(instant))
