import { createContext, useContext } from 'react'
import type { Session } from './session.ts'

const Context = createContext<Session | null>(null)
export const SessionProvider = Context.Provider

/** Of whoever is signed in. */
export function useSession(): Session {
  const session = useContext(Context)
  if (!session) throw new Error('there is no SessionProvider above')
  return session
}
