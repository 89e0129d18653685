/** A content line of RFC 5545, 3.1. */
export interface ContentLine {
  name: string
  parameters: ReadonlyMap<string, string>
  value: string
}

export interface IcalComponent {
  name: string
  lines: ContentLine[]
  components: IcalComponent[]
}

const contentLine =
  /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"\p{Cc}]*"|[^";:,\p{Cc}]*)(?:,(?:"[^"\p{Cc}]*"|[^";:,\p{Cc}]*))*)*):([^\p{Cc}]*)$/u

/** Every physical line, as strict as the grammar: what it breaks goes to `problems`. */
export function readIcal(bytes: Uint8Array, problems: string[]): IcalComponent | null {
  const lines = unfolded(bytes, problems).flatMap((line) => {
    const [, name, parameters = '', value] = contentLine.exec(line) ?? []
    if (name === undefined || value === undefined) {
      problems.push(`no content line: ${line}`)
      return []
    }
    const pairs = [...parameters.matchAll(/;([^=]+)=("[^"]*"|[^;]*)/g)]
    return [
      {
        name: name.toUpperCase(),
        parameters: new Map(pairs.map(([, key = '', given = '']) => [key.toUpperCase(), given])),
        value,
      },
    ]
  })
  return nested(lines, problems)
}

function unfolded(bytes: Uint8Array, problems: string[]): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const raw = Buffer.from(bytes).toString('latin1')
  if (!raw.endsWith('\r\n')) problems.push('does not end with CRLF')
  if (/\r(?!\n)|(?<!\r)\n/.test(raw)) problems.push('a line ends with CR or LF alone')
  if (raw.startsWith('\xef\xbb\xbf')) problems.push('begins with a byte order mark')
  const logical: string[] = []
  for (const line of raw.slice(0, -2).split('\r\n')) {
    if (line.length > 75) problems.push(`${line.length} octets: ${line}`)
    if (line === '') problems.push('an empty line')
    let text = ''
    try {
      // Each line by itself: folding must not cut a character.
      text = decoder.decode(Buffer.from(line, 'latin1'))
    } catch {
      problems.push(`no UTF-8: ${line}`)
    }
    if (!/^[ \t]/.test(line)) logical.push(text)
    else if (logical.length === 0) problems.push('begins with a folded line')
    else logical.push(`${logical.pop()}${text.slice(1)}`)
  }
  return logical
}

function nested(lines: readonly ContentLine[], problems: string[]): IcalComponent | null {
  const open: IcalComponent[] = []
  const roots: IcalComponent[] = []
  for (const line of lines) {
    const inner = open.at(-1)
    if (line.name === 'BEGIN') {
      const component = { name: line.value, lines: [], components: [] }
      ;(inner?.components ?? roots).push(component)
      open.push(component)
    } else if (line.name === 'END') {
      if (open.pop()?.name !== line.value) problems.push(`END:${line.value} closes another`)
    } else if (inner === undefined) {
      problems.push(`${line.name} stands outside`)
    } else {
      if (inner.components.length > 0) problems.push(`${line.name} after a component`)
      inner.lines.push(line)
    }
  }
  if (open.length > 0) problems.push('is not closed')
  if (roots.length !== 1) problems.push(`${roots.length} objects`)
  return roots[0] ?? null
}

/** Every value of a TEXT property of a kind of component, unescaped in one pass (3.3.11). */
export function textsOf(body: string, component: string, property: string): string[] {
  const root = readIcal(Buffer.from(body), [])
  const inside = (one: IcalComponent): IcalComponent[] => [one, ...one.components.flatMap(inside)]
  return (root ? inside(root) : [])
    .filter(({ name }) => name === component)
    .flatMap(({ lines }) => lines.filter(({ name }) => name === property))
    .map(({ value }) => value.replace(/\\(.)/g, (_, one) => (/n/i.test(one) ? '\n' : one)))
}
