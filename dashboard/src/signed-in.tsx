import { useMemo } from 'react'
import { Provider, useQuery } from 'urql'
import { Router } from 'wouter'
import { Failed, Loading } from './components/states.tsx'
import { ViewerDocument } from './gql/graphql.ts'
import { createGraphqlClient } from './graphql/client.ts'
import { createConnection } from './graphql/connection.ts'
import { ConnectionProvider } from './graphql/connection-context.tsx'
import { LiveNewsProvider } from './graphql/live-news.tsx'
import { LiveTotalsProvider } from './graphql/live-totals.tsx'
import { Layout } from './layout/layout.tsx'
import { RaisedAlerts } from './layout/raised-alerts.tsx'
import { Pages } from './pages/pages.tsx'
import { SignUp } from './pages/sign-up/sign-up.tsx'
import type { Session } from './session/session.ts'
import { SessionProvider } from './session/session-context.tsx'
import type { Settings } from './settings.ts'

interface SignedInProps {
  session: Session
  settings: Settings
}

export function SignedIn({ session, settings }: SignedInProps) {
  const { client, connection } = useMemo(() => {
    const connection = createConnection()
    return { client: createGraphqlClient(session, connection), connection }
  }, [session])
  return (
    <SessionProvider value={session}>
      <Provider value={client}>
        <ConnectionProvider value={connection}>
          <Router base="/dashboard">
            <Account session={session} settings={settings} />
          </Router>
        </ConnectionProvider>
      </Provider>
    </SessionProvider>
  )
}

/** Whoever has no account yet makes one, or hears that there is none for him. */
function Account({ session, settings }: SignedInProps) {
  const [{ data, error }, ask] = useQuery({ query: ViewerDocument })
  const again = () => ask({ requestPolicy: 'network-only' })
  const viewer = data?.viewer
  if (!viewer) {
    if (!error) return <Loading what="Looking up your account" />
    return <Failed what="Your account could not be read." error={error} onRetry={again} />
  }
  if (viewer.maySignUp) return <SignUp person={session.person} onDone={again} />
  const page = (
    <Layout session={session} settings={settings} admin={viewer.admin} account={viewer.account}>
      <Pages viewer={viewer} />
    </Layout>
  )
  // An operator without an account has no usage that could move.
  if (!viewer.account) return page
  return (
    <LiveTotalsProvider>
      <LiveNewsProvider>
        {page}
        <RaisedAlerts />
      </LiveNewsProvider>
    </LiveTotalsProvider>
  )
}
