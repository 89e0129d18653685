/** Compares two Redis stream ids `ms-n`: below, above or 0. */
export function compareStreamIds(a: string, b: string): number {
  const [aMs = '0', aN = '0'] = a.split('-')
  const [bMs = '0', bN = '0'] = b.split('-')
  return Number(aMs) - Number(bMs) || Number(aN) - Number(bN)
}

/** The least id above this one. */
export function streamIdAfter(id: string): string {
  const [ms = '0', n = '0'] = id.split('-')
  return `${ms}-${BigInt(n) + 1n}`
}
