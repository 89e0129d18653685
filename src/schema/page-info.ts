import type { Connection } from '../rules/connection.ts'
import { builder } from './builder.ts'

/** Of every connection. Cursors are opaque and belong to the query that gave them. */
export const PageInfoType = builder
  .objectRef<Connection<unknown>['pageInfo']>('PageInfo')
  .implement({
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage'),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
      startCursor: t.exposeString('startCursor', { nullable: true }),
      endCursor: t.exposeString('endCursor', { nullable: true }),
    }),
  })
