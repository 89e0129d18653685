import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { type Client, useClient } from 'urql'
import {
  AlertRaisedDocument,
  type AlertRaisedSubscription,
  NewestAlertDocument,
  SubscriptionChangedDocument,
} from '../gql/graphql.ts'
import type { Connection } from './connection.ts'
import { useConnection } from './connection-context.tsx'

export type RaisedAlert = AlertRaisedSubscription['alertRaised']

interface News {
  /** Raised since the page was opened and not put away yet, the latest first. */
  raised: readonly RaisedAlert[]
  putAway(id: string): void
}

const Context = createContext<News | null>(null)

/** What is read anew, wherever it is on the screen. */
const alertsChange = { additionalTypenames: ['Alert'] }
const accessChanges = { additionalTypenames: ['Account', 'ApiKey', 'AccessChange', 'Invoice'] }

/** Hears of alerts and of what happens to subscriptions for as long as somebody is signed in. */
export function LiveNewsProvider({ children }: { children: ReactNode }) {
  const client = useClient()
  const [raised, setRaised] = useState<readonly RaisedAlert[]>([])
  const connection = useConnection()
  useEffect(
    () => listen(client, connection, (alert) => setRaised((all) => [alert, ...all])),
    [client, connection],
  )
  const news = useMemo<News>(() => {
    const putAway = (id: string) => setRaised((all) => all.filter((one) => one.id !== id))
    return { raised, putAway }
  }, [raised])
  return <Context value={news}>{children}</Context>
}

export function useLiveNews(): News {
  const news = useContext(Context)
  if (!news) throw new Error('there is no LiveNewsProvider above')
  return news
}

/**
 * From the newest alert on that there is: so that whatever was raised while the connection was away comes
 * when it is back, where that first one is named again. What came before is told once.
 * @returns how to stop
 */
function listen(
  client: Client,
  connection: Connection,
  onAlert: (alert: RaisedAlert) => void,
): () => void {
  const told = new Set<string>()
  const stops: (() => void)[] = []
  let ended = false

  function tell(alert: RaisedAlert | undefined): void {
    if (!alert || told.has(alert.id)) return
    told.add(alert.id)
    onAlert(alert)
  }

  async function newest(): Promise<RaisedAlert | undefined> {
    const { data } = await client.query(NewestAlertDocument, {}, fresh).toPromise()
    return data?.alerts?.edges[0]?.node
  }

  async function begin(): Promise<void> {
    const known = await newest()
    if (ended) return
    const after = known?.id ?? null
    const alerts = client.subscription(AlertRaisedDocument, { after }, alertsChange)
    const heard = alerts.subscribe(({ data }) => tell(data?.alertRaised))
    // Without one to begin after, nothing is told again: the first of all is asked for.
    if (!known) stops.push(onReturn(connection, () => void newest().then(tell)))
    const changes = client.subscription(SubscriptionChangedDocument, {}, accessChanges)
    stops.push(heard.unsubscribe, changes.subscribe(() => {}).unsubscribe)
  }

  void begin()
  return () => {
    ended = true
    for (const stop of stops) stop()
  }
}

const fresh = { requestPolicy: 'network-only' } as const

/** @returns how to stop */
function onReturn(connection: Connection, run: () => void): () => void {
  let seen = connection.returns()
  return connection.subscribe(() => {
    if (connection.returns() === seen) return
    seen = connection.returns()
    run()
  })
}
