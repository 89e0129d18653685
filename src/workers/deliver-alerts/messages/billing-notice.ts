import { dayName } from '../../../rules/calendar-time.ts'
import type { BillingNotice } from '../../../store/billing-notices.ts'
import type { DunningData } from '../../../store/dunning-mail.ts'
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
  if (type !== 'payment-reminder') return null
  return reminder(data as DunningData, key, `${publicUrl}/dashboard`)
}

function reminder(data: DunningData, key: KeyNamed | null, link: string): Notice {
  const { kind, tier, since, blockedAt } = data
  const [first, end] = [dayOf(since), blockedAt && dayOf(blockedAt)]
  const blocked = kind === 'blocked'
  const name = key?.prefix ?? 'Your key'
  return {
    title: blocked
      ? `${name}: calls are refused until the payment arrives`
      : `${name}: the payment for your plan has failed`,
    text: `The payment for the plan "${tier}" has been failing since ${first}. ${whatFollows(data)}`,
    facts: [
      ...(key
        ? [
            { label: 'API key', value: key.prefix },
            { label: 'Name', value: key.name },
          ]
        : []),
      { label: 'Plan', value: tier },
      { label: 'Failing since', value: first },
      ...(end ? [{ label: blocked ? 'Refused since' : 'Refused from', value: end }] : []),
    ],
    tone: blocked ? 'critical' : 'warning',
    link,
    about: 'billing',
  }
}

function whatFollows({ kind, blockedAt, endsAt }: DunningData): string {
  if (kind === 'blocked') {
    return 'From now on calls with this key are refused. Pay it, or change the payment method, in the billing portal: they are served again as soon as the payment arrives.'
  }
  const please = 'Please check the payment method in the billing portal.'
  if (blockedAt === null) {
    return `${please} Calls go on being served, because another subscription pays for this key.`
  }
  if (endsAt !== null && Date.parse(endsAt) <= Date.parse(blockedAt)) {
    return `${please} Nothing changes until ${dayOf(endsAt)}, when the subscription ends as you booked it.`
  }
  return `${please} Until ${dayOf(blockedAt)} nothing changes; from then on calls with this key are refused until the payment arrives.`
}

const dayOf = (instant: string) => dayName(Date.parse(instant))
