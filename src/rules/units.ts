import type { FieldAccess } from './access.ts'

/** One executed root response key that costs something. */
export interface MeteredField {
  responseKey: string
  /** What usage names: the root field, or the REST route that asked for it. */
  endpoint: string
  units: number
}

/** What an operation adds to one endpoint. */
export interface EndpointOutcome {
  endpoint: string
  /** Billed. */
  units: number
  /** Response keys that ended in an error. */
  failed: number
}

/** The part of an execution result that decides what is billed. */
export interface Answered {
  data?: Readonly<Record<string, unknown>> | null
  errors?: readonly { path?: readonly (string | number)[] | undefined }[]
}

/**
 * The metered ones among an operation's root fields. Each response key counts, so that aliases do not
 * evade the meter (design.md, decision 5).
 * @param route names all of them where a REST route asked
 */
export function meteredFields(
  fields: readonly { responseKey: string; fieldName: string; access: FieldAccess }[],
  route?: string,
): MeteredField[] {
  const metered: MeteredField[] = []
  for (const { responseKey, fieldName, access } of fields) {
    if (access.units === 0) continue
    metered.push({ responseKey, endpoint: route ?? fieldName, units: access.units })
  }
  return metered
}

export function unitsOf(metered: readonly { units: number }[]): number {
  return metered.reduce((sum, { units }) => sum + units, 0)
}

/**
 * What of it is billed, by endpoint (interfaces.md, "What a unit is"):
 * - a field ends in an error when it is null and an error's path begins with it: not billed, failed;
 *   an error deeper inside, with the field itself answered, changes nothing; null without an error is
 *   an answer;
 * - `data: null`: execution failed as a whole, and every field with it;
 * - no `data` at all: nothing was executed, so nothing is billed and nothing failed.
 */
export function outcomeOf(metered: readonly MeteredField[], answered: Answered): EndpointOutcome[] {
  const { data, errors } = answered
  if (data === undefined) return []
  const failedKeys = new Set(errors?.map(({ path }) => path?.[0]))
  const outcomes: EndpointOutcome[] = []
  for (const { responseKey, endpoint, units } of metered) {
    let outcome = outcomes.find((known) => known.endpoint === endpoint)
    if (!outcome) {
      outcome = { endpoint, units: 0, failed: 0 }
      outcomes.push(outcome)
    }
    const value = data === null ? null : data[responseKey]
    if (data === null || (value == null && failedKeys.has(responseKey))) outcome.failed++
    else if (value !== undefined) outcome.units += units
  }
  return outcomes
}
