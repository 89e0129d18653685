/** What is exported: the days of each group, as they are on the screen. */
export interface ExportedGroup {
  /** A key's id, an endpoint or a plan's id. */
  name: string
  label: string
  days: readonly { date: string; totalRequests: number }[]
}

/** RFC 4180, a line for each day and group. */
export function csvOf(by: string, groups: readonly ExportedGroup[]): string {
  const lines = groups.flatMap(({ name, label, days }) =>
    days.map(({ date, totalRequests }) => [date, by, name, label, String(totalRequests)]),
  )
  const head = ['date', 'by', 'id', 'name', 'units']
  return [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}

/**
 * A spreadsheet takes what begins with one of these for a formula, which may send what stands beside it to
 * anywhere; names are what people typed. An apostrophe before it makes it text (OWASP, "CSV Injection").
 */
const beginsFormula = /^[\s]*[=+\-@＝＋－＠\t\r\n]/
/** Where decimals have a comma, spreadsheets part cells at semicolons, in quotes that begin no cell too. */
const beginsFormulaElsewhere = /(?<=;)(?=\s*[=+\-@＝＋－＠])/g
const needsQuotes = /[",\r\n']/

function cell(text: string): string {
  const inner = text.replaceAll(beginsFormulaElsewhere, "'")
  const safe = beginsFormula.test(inner) ? `'${inner}` : inner
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
