/** Who may call a root field. `anonymous` is never listed: every root field needs a caller. */
export type CallerKind = 'apiKey' | 'account' | 'admin' | 'newcomer'

export interface FieldAccess {
  callers: readonly CallerKind[]
  /** What one root response key costs; 0: not metered. */
  units: number
}

/**
 * The `extensions` that every root field must carry: `t.field({ extensions: access(['apiKey'], 1) })`.
 * Read by the plugins before execution; a test walks the built schema and fails on a field without it.
 */
export function access(callers: readonly CallerKind[], units = 0): { access: FieldAccess } {
  return { access: { callers, units } }
}

/** What `access` declared on a field, or undefined. */
export function accessOf(extensions: Readonly<Record<string, unknown>>): FieldAccess | undefined {
  return extensions.access as FieldAccess | undefined
}
