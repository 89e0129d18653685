import type { Fonts } from './fonts.ts'

export interface TextStyle {
  /** Points. */
  size: number
  bold?: boolean
  colour?: string
}

/** What is drawn on: the part of a PDFKit document that knows about text. */
export type TextCanvas = Pick<
  PDFKit.PDFDocument,
  'font' | 'fontSize' | 'fillColor' | 'text' | 'widthOfString'
>

/** Text whose characters may need several fonts. Positions in points from the top left of the page. */
export interface TextLayout {
  widthOf(text: string, style: TextStyle): number
  /** Lines that fit; a word that is wider than the line is broken wherever it must be. */
  wrapped(text: string, width: number, style: TextStyle): string[]
  /** One line; `y` is where its letters stand on. */
  draw(text: string, x: number, y: number, style: TextStyle): void
  drawRight(text: string, right: number, y: number, style: TextStyle): void
}

/** At which widths are taken, so that they keep their fractions. */
const MEASURED = 1_000

/** Blanks, and what stands between them: a line is broken nowhere else, unless it must be. */
const words = /\s+|\S+/gu
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

export function createTextLayout(canvas: TextCanvas, fonts: Fonts): TextLayout {
  function select(font: { name: string; font: unknown }, size: number): void {
    // PDFKit takes a font of fontkit as it is, which its types do not say: so it is read once, not once a document.
    canvas.font(font.font as Uint8Array, font.name)
    canvas.fontSize(size)
  }

  /** Of a word at a size of 1: everything else follows, and words come again and again. */
  const widths = { regular: new Map<string, number>(), bold: new Map<string, number>() }

  function widthOfWord(word: string, { size, bold = false }: TextStyle): number {
    const known = widths[bold ? 'bold' : 'regular']
    let width = known.get(word)
    if (width === undefined) {
      width = 0
      for (const run of fonts.runsOf(word, bold)) {
        select(run.font, MEASURED)
        width += canvas.widthOfString(run.text) / MEASURED
      }
      known.set(word, width)
    }
    return width * size
  }

  function widthOf(text: string, style: TextStyle): number {
    let width = 0
    for (const [word] of text.matchAll(words)) width += widthOfWord(word, style)
    return width
  }

  function draw(text: string, x: number, y: number, style: TextStyle): void {
    const { size, bold = false, colour = '#1f2933' } = style
    let at = x
    for (const run of fonts.runsOf(text, bold)) {
      select(run.font, size)
      canvas.fillColor(colour)
      canvas.text(run.text, at, y, { lineBreak: false, baseline: 'alphabetic' })
      at += canvas.widthOfString(run.text)
    }
  }

  function wrapped(text: string, width: number, style: TextStyle): string[] {
    const lines: string[] = []
    let line = ''
    let used = 0
    const take = (part: string, itsWidth: number) => {
      const blank = part.trim() === ''
      if (used + itsWidth > width && !blank && line !== '') {
        lines.push(line.trimEnd())
        line = ''
        used = 0
      }
      if (blank && line === '') return
      line += part
      used += itsWidth
    }
    for (const [word] of text.matchAll(words)) {
      const whole = widthOfWord(word, style)
      if (whole <= width) take(word, whole)
      else
        for (const one of graphemes.segment(word))
          take(one.segment, widthOfWord(one.segment, style))
    }
    return [...lines, line.trimEnd()]
  }

  return {
    ...{ widthOf, wrapped, draw },
    drawRight: (text, right, y, style) => draw(text, right - widthOf(text, style), y, style),
  }
}
