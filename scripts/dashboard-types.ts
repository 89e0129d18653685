import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { preset } from '@graphql-codegen/client-preset'
import { codegen } from '@graphql-codegen/core'
import { parse } from 'graphql'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'dashboard/src')
const target = join(sources, 'gql')

/**
 * Writes `dashboard/src/gql`: a typed document for each operation in a `.graphql` file of the dashboard, by
 * schema.graphql. What the schema does not have is an error here, before anything is built or checked.
 */
export async function writeDashboardTypes(): Promise<void> {
  const schema = parse(readFileSync(join(root, 'schema.graphql'), 'utf8'))
  const documents = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => {
      const rawSDL = readFileSync(join(sources, name), 'utf8')
      return { location: join(sources, name), rawSDL, document: parse(rawSDL) }
    })
  const parts = await preset.buildGeneratesSection({
    baseOutputDir: `${target}/`,
    schema,
    documents,
    config: {
      scalars: {
        ...{ Date: 'string', DateTime: 'string', YearMonth: 'string', SafeInt: 'number' },
        ID: 'string',
      },
      enumsAsTypes: true,
      useTypeImports: true,
      avoidOptionals: { field: true },
    },
    // A component reads its own query: masks are for teams that share one.
    presetConfig: { fragmentMasking: false },
    plugins: [],
    pluginMap: {},
  })
  mkdirSync(target, { recursive: true })
  for (const part of parts) writeFileSync(part.filename, await codegen(part))
}

if (import.meta.main) await writeDashboardTypes()
