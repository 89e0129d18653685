import { readFileSync } from 'node:fs'
import { create, type Font } from 'fontkit'
import { type FontFile, fontFiles } from './font-files.ts'
import { openWoff } from './open-woff.ts'

/** A stretch of text in one font. */
export interface Run {
  font: LoadedFont
  text: string
}

export interface LoadedFont {
  name: string
  font: Font
}

/** Finds for every character a font that has it. */
export interface Fonts {
  /** Together they are the text, or what stands for it: `[U+E000]` where no font has a character. */
  runsOf(text: string, bold: boolean): Run[]
}

/** Say how a neighbour looks and have no shape of their own: dropped where a font lacks them. */
const shapeless = /\u200c|\u200d|[\ufe00-\ufe0f]/gu

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

const MOST_CHOSEN = 20_000

/** Fonts are read when they are first needed and kept, as are the choices made. */
export function createFonts(): Fonts {
  const files = { regular: once(() => fontFiles(false)), bold: once(() => fontFiles(true)) }
  const loaded = new Map<string, LoadedFont>()
  const chosen = { regular: new Map<string, Run>(), bold: new Map<string, Run>() }

  function load({ name, path }: FontFile): LoadedFont {
    const known = loaded.get(name)
    if (known) return known
    const font = create(openWoff(readFileSync(path)))
    if (!('layout' in font)) throw new Error(`${path} is a collection of fonts`)
    const fresh = { name, font }
    loaded.set(name, fresh)
    return fresh
  }

  /** Null: none has all of it. */
  function fontFor(text: string, candidates: readonly FontFile[]): LoadedFont | null {
    const codePoints = [...text].map((one) => one.codePointAt(0) ?? 0)
    for (const file of candidates) {
      if (!codePoints.every(file.mayHave)) continue
      const font = load(file)
      if (codePoints.every((one) => font.font.hasGlyphForCodePoint(one))) return font
    }
    return null
  }

  function choose(grapheme: string, candidates: readonly FontFile[]): Run {
    const bare = grapheme.replace(shapeless, '')
    for (const text of [grapheme, bare]) {
      const font = text === '' ? null : fontFor(text, candidates)
      if (font) return { font, text }
    }
    const named = [...bare].map((one) => (fontFor(one, candidates) ? one : codeOf(one))).join('')
    const font = fontFor(named, candidates) ?? fontFor('?', candidates)
    if (!font) throw new Error('no font has a question mark')
    return { font, text: named }
  }

  function runOf(grapheme: string, weight: 'regular' | 'bold'): Run {
    const known = chosen[weight].get(grapheme)
    if (known) return known
    const run = choose(grapheme, files[weight]())
    // Names may hold any number of different ones.
    if (chosen[weight].size >= MOST_CHOSEN) chosen[weight].clear()
    chosen[weight].set(grapheme, run)
    return run
  }

  return {
    runsOf(text, bold) {
      const runs: Run[] = []
      for (const { segment } of graphemes.segment(printable(text))) {
        const run = runOf(segment, bold ? 'bold' : 'regular')
        const last = runs.at(-1)
        if (last?.font === run.font) last.text += run.text
        else runs.push({ ...run })
      }
      return runs
    },
  }
}

function once<Value>(read: () => Value): () => Value {
  let value: Value | undefined
  return () => (value ??= read())
}

/** Characters that are nothing to see, or turn the order of what is seen, are told by their code. */
function printable(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\t\n\r\u2028\u2029]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, codeOf)
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`
}
