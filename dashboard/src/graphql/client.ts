import { Client, cacheExchange, fetchExchange, subscriptionExchange } from 'urql'
import type { Session } from '../session/session.ts'
import type { Connection } from './connection.ts'
import { createSocket } from './socket.ts'

/** Asks as the person who is signed in: queries by fetch, subscriptions over the socket. */
export function createGraphqlClient(session: Session, connection: Connection): Client {
  const socket = createSocket(session, connection)
  return new Client({
    url: '/graphql',
    requestPolicy: 'cache-and-network',
    // A question in an address would stand in the server's and every proxy's log.
    preferGetMethod: false,
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('Authorization', `Bearer ${await session.accessToken()}`)
      return await fetch(input, { ...init, headers })
    },
    exchanges: [
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query, variables: { ...variables } }, sink as never),
          }),
        }),
      }),
    ],
  })
}
