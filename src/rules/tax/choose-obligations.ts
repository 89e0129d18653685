import { chosenValues, type Optional, oneOf } from './argument-checks.ts'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from './classification.ts'
import { type Obligation, TAX_ACTIONS } from './obligation.ts'
import type { CountryTaxData } from './tax-data.ts'

/**
 * The arguments that choose obligations, the same wherever they are offered. Each is a list of which
 * any value suffices; what several arguments ask for must hold together.
 */
export type ObligationArguments = {
  readonly obligationIds?: Optional<readonly string[]>
  readonly categories?: Optional<readonly string[]>
  /** Exactly as `Obligation.taxType` has it. */
  readonly taxTypes?: Optional<readonly string[]>
  readonly taxpayers?: Optional<readonly string[]>
  /** Compared as they are: PAY does not find FILE_AND_PAY. */
  readonly actions?: Optional<readonly string[]>
}

/** Arguments that were checked, as a test of one obligation. */
export type ObligationChoice = {
  readonly chosen: (obligation: Obligation) => boolean
  /** The same choice gives the same key, in whatever order it was written. */
  readonly key: readonly unknown[]
}

/**
 * Which obligations of these countries are asked for.
 * @throws BadInput a value that is unknown in all of them, or an empty list
 */
export function chooseObligations(
  countries: readonly CountryTaxData[],
  query: ObligationArguments,
): ObligationChoice {
  const codes = countries.map(({ country }) => country.code).join(', ')
  const ids = chosenValues('obligationIds', query.obligationIds, (id) =>
    countries.some(({ rules }) => rules.has(id)) ? null : `${id} is not an obligation of ${codes}`,
  )
  const taxTypes = chosenValues('taxTypes', query.taxTypes, (taxType) =>
    countries.some(({ country }) => country.obligations.some((one) => one.taxType === taxType))
      ? null
      : `no obligation of ${codes} has the tax type ${taxType}`,
  )
  const categories = chosenValues('categories', query.categories, oneOf(TAX_CATEGORIES))
  const taxpayers = chosenValues('taxpayers', query.taxpayers, oneOf(TAXPAYER_KINDS))
  const actions = chosenValues('actions', query.actions, oneOf(TAX_ACTIONS))
  return {
    chosen: (obligation) =>
      (ids?.has(obligation.id) ?? true) &&
      (categories?.has(obligation.category) ?? true) &&
      (taxTypes?.has(obligation.taxType) ?? true) &&
      (actions?.has(obligation.action) ?? true) &&
      (taxpayers === null || obligation.taxpayerKinds.some((kind) => taxpayers.has(kind))),
    key: [ids, categories, taxTypes, taxpayers, actions].map((set) => set && [...set].sort()),
  }
}
