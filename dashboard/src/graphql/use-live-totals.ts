import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import { LiveTotalsDocument, type LiveTotalsSubscription } from '../gql/graphql.ts'
import { createFrames } from './frames.ts'

export type LiveTotal = LiveTotalsSubscription['liveUsage']

/**
 * The running totals of each key of the account, by its id, as they move. Whatever comes within one frame of
 * the screen is drawn once: the latest of each key.
 */
export function useLiveTotals(): ReadonlyMap<string, LiveTotal> {
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
  return totals
}
