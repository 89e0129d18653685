import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { wholeCountryFileSchema } from '../src/rules/tax/country-file.ts'
import { calendarsFileSchema, generatedCalendarsSchema } from '../src/rules/tax/holiday-calendar.ts'
import { readingsFileSchema } from '../src/rules/tax/readings.ts'
import { correctionsSchema } from './calendar-generation.ts'

const usage = `npm run tax:schema [-- <options>]

Writes the JSON Schemas (draft 2020-12) of the files in data/tax, made of the schemas that the start
checks them with. Each data file names its own as "$schema", so that editors complete and check it.
Commit them with the change of src/rules/tax that changed them; a test compares.
  -h, --help   this`

const directory = join(import.meta.dirname, '../data/tax')

/** File of the schema, what it describes, and what the start checks such a file with. */
const SCHEMAS: readonly (readonly [file: string, title: string, checks: z.ZodType])[] = [
  ['country.schema.json', 'A country’s tax due dates', wholeCountryFileSchema],
  ['calendars.schema.json', 'Holiday calendars', calendarsFileSchema],
  ['generated-calendars.schema.json', 'Generated holidays', generatedCalendarsSchema],
  ['calendar-corrections.schema.json', 'Corrections of generated holidays', correctionsSchema],
  ['readings.schema.json', 'Printed due dates of a country', readingsFileSchema],
]

/** The text of each schema by the name of its file. */
export function taxSchemas(): ReadonlyMap<string, string> {
  return new Map(
    SCHEMAS.map(([file, title, checks]) => {
      const { $schema, ...described } = z.toJSONSchema(checks)
      const schema = { $schema, title, ...described, properties: withReference(described) }
      return [file, `${JSON.stringify(schema, null, 2)}\n`]
    }),
  )
}

/** Every file may say where its schema is, also one that is a plain list by id. */
function withReference({ properties }: z.core.JSONSchema.BaseSchema): object {
  const reference = { type: 'string', description: 'Where editors find the schema of this file.' }
  return { $schema: reference, ...properties }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    console.log(usage)
  } else {
    for (const [file, text] of taxSchemas()) {
      writeFileSync(join(directory, file), text)
      console.log(`data/tax/${file}`)
    }
  }
}
