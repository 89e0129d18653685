/** Aligned columns; a column whose cells all look like numbers is set to the right. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const right = numeric(head, rows)
  const line = (row: readonly string[]) =>
    head
      .map((_, column) => {
        const [cell, width] = [row[column] ?? '', widths[column] ?? 0]
        return right[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = numeric(head, rows).map((right) => (right ? '---:' : '---'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function numeric(head: readonly string[], rows: readonly (readonly string[])[]): boolean[] {
  return head.map((_, column) => rows.every((row) => /^[\d–-][\d,. %]*$/.test(row[column] ?? '')))
}
