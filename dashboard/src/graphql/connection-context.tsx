import { createContext, useContext } from 'react'
import type { Connection } from './connection.ts'

const Context = createContext<Connection | null>(null)
export const ConnectionProvider = Context.Provider

/** The page's one connection. */
export function useConnection(): Connection {
  const connection = useContext(Context)
  if (!connection) throw new Error('there is no ConnectionProvider above')
  return connection
}
