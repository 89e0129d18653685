import type { ObjectRef } from '@pothos/core'
import type { Connection } from '../rules/connection.ts'
import { builder } from './builder.ts'

/** Of every connection. Cursors are opaque and belong to the query that gave them. */
const PageInfoType = builder.objectRef<Connection<unknown>['pageInfo']>('PageInfo').implement({
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage'),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
    startCursor: t.exposeString('startCursor', { nullable: true }),
    endCursor: t.exposeString('endCursor', { nullable: true }),
  }),
})

/** One page of nodes: `<name>Connection` and its `<name>Edge`. */
export function connectionType<Node>(
  name: string,
  node: ObjectRef<(typeof builder)['$inferSchemaTypes'], Node>,
) {
  const edge = builder.objectRef<Connection<Node>['edges'][number]>(`${name}Edge`).implement({
    fields: (t) => ({
      cursor: t.exposeString('cursor'),
      node: t.expose('node', { type: node }),
    }),
  })
  return builder.objectRef<Connection<Node>>(`${name}Connection`).implement({
    fields: (t) => ({
      edges: t.field({ type: [edge], resolve: ({ edges }) => [...edges] }),
      pageInfo: t.expose('pageInfo', { type: PageInfoType }),
      totalCount: t.exposeInt('totalCount', {
        description: 'Of the whole query, not of the page.',
      }),
    }),
  })
}
