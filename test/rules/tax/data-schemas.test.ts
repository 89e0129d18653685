import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { taxSchemas } from '../../../scripts/tax-schema.ts'
import { shippedDirectory } from './shipped-data.ts'

type Json = Record<string, unknown>

const schemas = taxSchemas()
const read = (file: string): Json => JSON.parse(readFileSync(join(shippedDirectory, file), 'utf8'))
const dataFiles = globSync('**/*.json', { cwd: shippedDirectory })
  .filter((file) => !file.endsWith('.schema.json'))
  .sort()

/** Another reader of JSON Schema than the one that wrote it. */
const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false })
formats.default(ajv, ['date', 'uri'])
const checks = new Map(
  [...schemas].map(([file, text]) => [file, ajv.compile(JSON.parse(text))] as const),
)

/** What a schema finds wrong with a file, `/rules/0/due/month must be <= 12`. */
function problemsOf(schema: string, content: Json): string[] {
  const check = checks.get(schema)
  if (check === undefined) return [`no schema ${schema}`]
  if (check(content)) return []
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('the schemas that editors use', () => {
  test.each([...schemas])('%s is the one that the start checks with', (file, text) => {
    // Written by `npm run tax:schema`.
    expect(readFileSync(join(shippedDirectory, file), 'utf8')).toBe(text)
  })

  test('each describes every field', () => {
    for (const [file, text] of schemas) {
      expect(undescribed(JSON.parse(text)), file).toEqual([])
    }
  })
})

describe('the data files', () => {
  test.each(dataFiles)('%s names its schema and fits it', (file) => {
    const { $schema, ...content } = read(file)
    const schema = relative(shippedDirectory, join(shippedDirectory, dirname(file), `${$schema}`))
    expect(problemsOf(schema, { $schema, ...content })).toEqual([])
  })

  test.each<[string, (country: Json & { rules: Json[]; changes: Json[] }) => void, RegExp]>([
    ['an unknown field', ({ rules }) => Object.assign(rules[0] ?? {}, { extra: 1 }), /additional/],
    ['a missing field', ({ rules }) => Reflect.deleteProperty(rules[0] ?? {}, 'id'), /'id'/],
    ['another category', ({ rules }) => Object.assign(rules[0] ?? {}, { category: 'X' }), /equal/],
    ['no source', ({ rules }) => Object.assign(rules[0] ?? {}, { sources: [] }), /fewer than 1/],
    [
      'http',
      ({ changes }) => Object.assign(changes[0]?.source ?? {}, { url: 'http://a' }),
      /https/,
    ],
    ['no day', ({ changes }) => Object.assign(changes[0] ?? {}, { dueDate: '1 May' }), /date/],
    [
      'MOVED to no day',
      ({ changes }) => Reflect.deleteProperty(changes[0] ?? {}, 'dueDate'),
      /due/,
    ],
    [
      'a period of no obligation',
      ({ changes }) => Reflect.deleteProperty(changes[0] ?? {}, 'obligationId'),
      /obligationId/,
    ],
  ])('with %s an editor complains', (_name, change, message) => {
    const country = structuredClone(read('us.json')) as Json & { rules: Json[]; changes: Json[] }
    change(country)
    expect(problemsOf('country.schema.json', country).join('\n')).toMatch(message)
  })
})

/** The fields of a schema that say nothing about themselves, with their place. */
function undescribed(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) => {
    const found = undescribed(value, `${path}/${key}`)
    if (key !== 'properties' || path.endsWith('/if') || path.endsWith('/else')) return found
    const fields = Object.entries(value).filter(([, field]) => {
      return (
        typeof field !== 'object' || field === null || !('description' in field || '$ref' in field)
      )
    })
    return [...found, ...fields.map(([field]) => `${path}/${field}`)]
  })
}
