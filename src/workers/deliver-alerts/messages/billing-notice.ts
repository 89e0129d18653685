import { dayName } from '../../../rules/calendar-time.ts'
import type { BillingNotice } from '../../../store/billing-notices.ts'
import type { DunningData } from '../../../store/dunning-mail.ts'
import type { InvoiceNoticeData } from '../../../store/issue-invoice.ts'
import { messageOfInvoice } from './invoice-notice.ts'
import type { KeyNamed, Notice } from './notice.ts'

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
  const { kind, tier, since, blockedAt } = data
  const [first, end] = [dayName(Date.parse(since)), dayName(Date.parse(blockedAt))]
  const blocked = kind === 'blocked'
  return {
    title: blocked
      ? `${key?.prefix ?? 'Your key'}: calls are refused until the payment arrives`
      : `${key?.prefix ?? 'Your key'}: the payment for your plan has failed`,
    text: blocked
      ? `The payment for the plan "${tier}" has been failing since ${first}. From now on calls with this key are refused. They are served again as soon as the payment arrives.`
      : `The payment for the plan "${tier}" has been failing since ${first}. Please check the payment method in the billing portal. Until ${end} nothing changes; from then on calls with this key are refused until the payment arrives.`,
    facts: [
      ...(key
        ? [
            { label: 'API key', value: key.prefix },
            { label: 'Name', value: key.name },
          ]
        : []),
      { label: 'Plan', value: tier },
      { label: 'Failing since', value: first },
      { label: blocked ? 'Refused since' : 'Refused from', value: end },
    ],
    tone: blocked ? 'critical' : 'warning',
    link,
  }
}
