import { useEffect, useState } from 'react'
import { Failed, Loading } from './components/states.tsx'
import { type Opened, openSession } from './session/session.ts'
import { SignedOut } from './session/signed-out.tsx'
import { readSettings, type Settings } from './settings.ts'
import { SignedIn } from './signed-in.tsx'

type Begun = Opened & { settings: Settings }

/** Once a page: signing in leaves it and comes back. */
let beginning: Promise<Begun> | undefined

function begin(): Promise<Begun> {
  beginning ??= readSettings().then(async (settings) => ({
    ...(await openSession(settings)),
    settings,
  }))
  return beginning
}

/** What is shown before anybody is signed in, and the dashboard after. */
export function App() {
  const [begun, setBegun] = useState<Begun | null>(null)
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    begin().then(setBegun, setError)
  }, [])
  if (error !== null) {
    return <Failed what="Signing in did not work." error={error} onRetry={startOver} />
  }
  if (begun === null) return <Loading what="Signing in" />
  if (begun.kind === 'signed-out') return <SignedOut signIn={begun.signIn} why={begun.why} />
  return <SignedIn session={begun.session} settings={begun.settings} />
}

function startOver(): void {
  location.assign('/dashboard/')
}
