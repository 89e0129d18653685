import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encryptedPlaces } from '../../src/store/encrypted-places.ts'

const folder = join(import.meta.dirname, '../../src/store')
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n')

/** Every interface of the store with its properties and their types, as they are written. */
const interfaces = new Map(
  [...sources.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', body = '']): [string, [string, string][]] => [
      name,
      [...body.matchAll(/^ {2}(\w+)\??: (.+)$/gm)].map(([, property = '', type = '']) => [
        property,
        type,
      ]),
    ],
  ),
)

/** Which documents a collection holds. */
const collections = [
  ...sources.matchAll(/Collection<(\w+)> \{\n {2}return db\.collection\('(\w+)'\)/g),
].map(([, document = '', name = '']) => ({ document, name }))

/** Paths of everything encrypted in documents of this type, also deeper in them. */
function pathsIn(document: string): string[] {
  return (interfaces.get(document) ?? []).flatMap(([property, type]) =>
    (type.match(/\w+/g) ?? []).flatMap((word) => {
      if (word === 'Encrypted') return [property]
      return word === document ? [] : pathsIn(word).map((path) => `${property}.${path}`)
    }),
  )
}

const declared = collections.flatMap(({ document, name }) =>
  pathsIn(document).map((path) => `${name}.${path}`),
)

test('every field of a document that is encrypted is named in the list that keys rotate by, and no other', () => {
  const listed = encryptedPlaces.map(({ collection, path }) => `${collection}.${path}`)
  expect(declared.length).toBeGreaterThan(4)
  expect(listed.toSorted()).toEqual(declared.toSorted())
})

test('the search finds every mention of the type, so that none hides in another form', () => {
  const mentions = [...sources.matchAll(/^ {2}\w+\??: .*\bEncrypted\b/gm)].length
  const found = [...interfaces.values()].flat().filter(([, type]) => /\bEncrypted\b/.test(type))
  expect(found).toHaveLength(mentions)
  expect(new Set(declared).size).toBe(found.length)
})
