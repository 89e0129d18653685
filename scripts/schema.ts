import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchema } from '../src/schema/schema.ts'

/** Writes the snapshot that `test/schema.test.ts` holds the built schema against: `npm run schema`. */
const path = join(import.meta.dirname, '../schema.graphql')
writeFileSync(path, `${printSchema(lexicographicSortSchema(buildSchema()))}\n`)
