import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { useClient } from 'urql'
import { LiveTotalsDocument } from '../gql/graphql.ts'
import { createFrames } from './frames.ts'
import type { LiveTotal } from './key-usage.ts'

const Context = createContext<ReadonlyMap<string, LiveTotal>>(new Map())

/**
 * Listens to the running totals of every key for as long as somebody is signed in, whichever page is open:
 * so the connection stands, and its state means something. Whatever comes within one frame of the screen is
 * drawn once, the latest of each key.
 */
export function LiveTotalsProvider({ children }: { children: ReactNode }) {
  const client = useClient()
  const [totals, setTotals] = useState<ReadonlyMap<string, LiveTotal>>(new Map())
  useEffect(() => {
    const frames = createFrames<LiveTotal>((latest) => {
      setTotals((before) => new Map([...before, ...latest]))
    })
    const messages = client.subscription(LiveTotalsDocument, {}).subscribe(({ data }) => {
      if (data) frames.add(data.liveUsage.apiKeyId, data.liveUsage)
    })
    return () => {
      messages.unsubscribe()
      frames.stop()
    }
  }, [client])
  return <Context value={totals}>{children}</Context>
}

/** The running totals of each key of the account, by its id; empty until the first ones are there. */
export function useLiveTotals(): ReadonlyMap<string, LiveTotal> {
  return useContext(Context)
}
