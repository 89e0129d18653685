import type { Source } from '../rules/tax/provenance.ts'
import { builder } from './builder.ts'

export const SourceType = builder.objectRef<Source>('Source').implement({
  description: 'Where a fact was read.',
  fields: (t) => ({
    name: t.exposeString('name'),
    url: t.exposeString('url'),
    readOn: t.expose('read', { type: 'Date', description: 'The day somebody read it.' }),
  }),
})
