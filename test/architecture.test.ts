import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/**
 * What each part of `src` may import from the others; why, says ARCHITECTURE.md. `metering` stands apart from
 * `plugins`, so that an entrance without Yoga's hooks can meter too; `http` hands requests to `rest` and to
 * the engine, and only composition knows it.
 */
const arrows: Record<string, readonly string[]> = {
  rules: [],
  store: ['rules', 'open'],
  streams: ['rules', 'store', 'open'],
  callers: ['rules', 'store', 'outgoing', 'open'],
  schema: ['rules', 'open'],
  resolvers: ['rules', 'store', 'streams', 'callers', 'schema', 'open'],
  metering: ['rules', 'store', 'streams', 'open'],
  plugins: ['rules', 'store', 'streams', 'callers', 'metering', 'open'],
  outgoing: ['rules', 'open'],
  documents: ['rules', 'open'],
  workers: ['rules', 'store', 'streams', 'outgoing', 'documents', 'open'],
  rest: ['rules', 'store', 'streams', 'callers', 'workers', 'open'],
  http: ['rules', 'callers', 'plugins', 'rest', 'open'],
  embedded: ['rules', 'store', 'streams', 'callers', 'open'],
}

/** Open to all but rules: the words that everybody shares. */
const open = ['context.ts', 'errors.ts', 'log.ts', 'metrics.ts']

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const pattern = /^(?:import|export)\s+(type\s)?[^'"]*?(?:from\s+)?['"](\.[^'"]+)['"]/gm
  return [...text.matchAll(pattern)].map(([, type, path = '']) => ({
    from: file,
    to: normalize(join(dirname(file), path)),
    typeOnly: type !== undefined,
  }))
}

/** All other files at the top compose the rest: they may import everything, and nobody imports them. */
function partOf(file: string): string {
  const [, first = '', ...rest] = file.split('/')
  if (rest.length > 0) return first
  return open.includes(first) ? 'open' : 'composition'
}

const files = sources('src')
const imports = files.flatMap(importsOf)

describe('the arrows between the folders', () => {
  test('every folder of src is known, so that a new one states what it may import', () => {
    const folders = new Set(files.map(partOf).filter((part) => part !== 'open'))
    folders.delete('composition')
    expect([...folders].filter((folder) => !(folder in arrows))).toEqual([])
  })

  test('a file imports only from the parts that its own part may know', () => {
    const broken = imports.filter(({ from, to, typeOnly }) => {
      const [source, target] = [partOf(from), partOf(to)]
      if (source === target || source === 'composition') return false
      // context.ts names what a resolver receives: types of every part, values of none.
      if (source === 'open') return !typeOnly || target === 'composition'
      // A schema type may name the document that is its parent.
      if (source === 'schema' && target === 'store' && typeOnly) return false
      // The one schema file that gathers everything before building.
      if (from === 'src/schema/schema.ts') return target !== 'resolvers'
      return !arrows[source]?.includes(target)
    })
    expect(broken.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  test('rules do no I/O and read no clock', () => {
    const impure = /from 'node:(?!crypto)|Date\.now\(\)|new Date\(\)|Math\.random|process\.\w/
    const guilty = files.filter(
      (file) => partOf(file) === 'rules' && impure.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(guilty).toEqual([])
  })
})

describe('what must not exist', () => {
  const everywhere = [...files, ...sources('test'), ...sources('bench')]

  test('process.env is read by config.ts alone', () => {
    const guilty = files.filter((file) => {
      if (file === 'src/config.ts') return false
      const text = readFileSync(join(root, file), 'utf8')
      // A start script hands the whole environment to readConfig or to a child, and picks nothing from it.
      return /process\.env[.[]/.test(text)
    })
    expect(guilty).toEqual([])
  })

  test('no file has a name that says nothing', () => {
    const nothing =
      /(^|\/)(utils?|helpers?|common|misc|types|index)(\.ts$|\/)|(Manager|Service|Repository)\.ts$/
    expect(everywhere.filter((file) => nothing.test(file))).toEqual([])
  })

  test('no test is skipped or focused', () => {
    const guilty = everywhere.filter((file) => {
      if (file === 'test/architecture.test.ts') return false
      return /\b(test|it|describe)\.(skip|only|todo)\b/.test(readFileSync(join(root, file), 'utf8'))
    })
    expect(guilty).toEqual([])
  })

  test('only errors are classes', () => {
    const guilty = files.filter((file) =>
      /^\s*(export\s+)?(abstract\s+)?class\s+\w+(?!\w*\s+extends\s+\w*Error)/m.test(
        readFileSync(join(root, file), 'utf8').replace(/class \w+ extends \w*Error/g, ''),
      ),
    )
    expect(guilty).toEqual([])
  })
})
