import type { TaxCategory, TaxpayerKind } from './classification.ts'
import type { CountryCode } from './country-code.ts'
import type { Source } from './provenance.ts'
import type { TaxRule } from './tax-rule.ts'

export const TAX_ACTIONS = ['FILE', 'PAY', 'FILE_AND_PAY'] as const
export type TaxAction = (typeof TAX_ACTIONS)[number]
/** OFFICIAL: the rule was read with the authority itself. */
export type Evidence = 'OFFICIAL' | 'SECONDARY'

/** A duty to file or pay, as the API speaks of it. */
export type Obligation = {
  readonly id: string
  readonly country: CountryCode
  /** ISO 3166-2; null: nationwide. */
  readonly region: string | null
  readonly taxType: string
  readonly category: TaxCategory
  readonly taxpayer: string
  readonly taxpayerKinds: readonly TaxpayerKind[]
  readonly action: TaxAction
  /** The rule in plain words, with everything that the dates alone do not show. */
  readonly rule: string
  readonly evidence: Evidence
  readonly sources: readonly Source[]
  /** What each date is counted from, where no period gives one: `payday`. Null: there are dates. */
  readonly event: string | null
}

/** A country with all that it demands. */
export type Country = {
  readonly code: CountryCode
  readonly name: string
  readonly obligations: readonly Obligation[]
}

const ACTIONS: Record<TaxRule['action'], TaxAction> = {
  file: 'FILE',
  pay: 'PAY',
  'file+pay': 'FILE_AND_PAY',
}

/** A rule as the API speaks of it, without its dates. */
export function obligationOf(rule: TaxRule, country: CountryCode): Obligation {
  return {
    id: rule.id,
    country,
    region: rule.region,
    taxType: rule.taxType,
    category: rule.category,
    taxpayer: rule.taxpayer,
    taxpayerKinds: rule.taxpayerKinds,
    action: ACTIONS[rule.action],
    rule: ruleInWords(rule),
    evidence: rule.evidence === 'official-rule' ? 'OFFICIAL' : 'SECONDARY',
    sources: rule.sources,
    event: rule.period.type === 'event' ? rule.period.event : null,
  }
}

/** Grace days, variants and notes move no date, so the words are where a client learns of them. */
function ruleInWords(rule: TaxRule): string {
  const words = [rule.ruleText]
  if (rule.note) words.push(rule.note)
  if (rule.periodNote) words.push(rule.periodNote)
  if (rule.paymentShift) {
    words.push(`pay by the previous working day (${rule.paymentShift.appliesTo})`)
  }
  if (rule.graceDays) words.push(`${rule.graceDays} days of grace, not contained in the dates`)
  for (const { when, addBusinessDays } of rule.variants ?? []) {
    words.push(`${when}: ${addBusinessDays} business days`)
  }
  if (rule.period.type === 'event') words.push(`counted from each ${rule.period.event}`)
  if (rule.validFrom) words.push(`periods that start on or after ${rule.validFrom}`)
  if (rule.validTo) words.push(`periods that end on or before ${rule.validTo}`)
  return words.join('; ')
}
