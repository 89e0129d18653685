import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** One file of a font, and the characters that it is for. */
export interface FontFile {
  /** Distinct over all files. */
  name: string
  path: string
  /** Whether it is worth loading for a character: the font itself has the last word. */
  mayHave(codePoint: number): boolean
}

/** A font package of fontsource.org: cut into files by characters, which `unicode.json` lists. */
interface FontPackage {
  name: string
  /** The files that are used; null: all of them. */
  only: readonly string[] | null
  bold: boolean
}

/**
 * In the order in which a character is looked for. Noto Sans writes Latin, Greek, Cyrillic and Devanagari; Chocolate
 * Classical Sans Chinese and Japanese; UnifontEX has a glyph, drawn on a coarse grid, for nearly all else that Unicode
 * knows. Numbers and names in other scripts so stay readable, if not handsome.
 */
const packages: readonly FontPackage[] = [
  {
    name: 'noto-sans',
    only: [
      'latin',
      'latin-ext',
      'greek',
      'greek-ext',
      'cyrillic',
      'cyrillic-ext',
      'vietnamese',
      'devanagari',
    ],
    bold: true,
  },
  { name: 'chocolate-classical-sans', only: null, bold: false },
  { name: 'unifontex', only: ['latin'], bold: false },
]

const require = createRequire(import.meta.url)

/** Reads which files there are, and none of them. */
export function fontFiles(bold: boolean): FontFile[] {
  return packages.flatMap(({ name, only, bold: hasBold }) => {
    const weight = bold && hasBold ? 700 : 400
    const ranges = JSON.parse(
      readFileSync(require.resolve(`@fontsource/${name}/unicode.json`), 'utf8'),
    )
    // Without ranges there is one file, for everything.
    const files = only ?? Object.keys(ranges)
    return files.map((slice) => {
      const file = `${name}-${slice.replace(/[[\]]/g, '')}-${weight}-normal`
      return {
        name: file,
        path: require.resolve(`@fontsource/${name}/files/${file}.woff`),
        mayHave: rangesOf(ranges[slice]),
      }
    })
  })
}

/** @param text `U+0460-052F,U+20B4`, as in CSS; undefined: everything */
function rangesOf(text: string | undefined): (codePoint: number) => boolean {
  if (text === undefined) return () => true
  const ranges = text.split(',').map((range) => {
    const [from = '', to = from] = range.replace(/^U\+/i, '').split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const
  })
  return (codePoint) => ranges.some(([from, to]) => codePoint >= from && codePoint <= to)
}
