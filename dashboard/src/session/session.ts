import type { Settings } from '../settings.ts'
import {
  callbackPath,
  connectIssuer,
  type Issuer,
  SessionEnded,
  signedOutPath,
  type Tokens,
} from './issuer.ts'

/** Somebody who is signed in. */
export interface Session {
  person: Tokens['person']
  /**
   * One that is good for some time yet; renewed where it is not. Leaves the page where the issuer refuses.
   * @throws Error where the issuer does not answer
   */
  accessToken(): Promise<string>
  /**
   * Gets another one although the clock says that this one is good: the server refused it. Leaves the page and
   * throws as `accessToken`.
   */
  renew(): Promise<void>
  /** Called with each new token. Returns how to stop listening. */
  onRenewed(listener: () => void): () => void
  signOut(): Promise<never>
}

export type Opened =
  | { kind: 'signed-in'; session: Session }
  /** Asked for, or nothing to sign in with: `why` in plain words. */
  | { kind: 'signed-out'; signIn: (() => void) | null; why: string | null }

/** Renewed when so much of its life is over. */
const RENEW_AT = 0.75
/** A token with less left than this is not sent any more: it could end on its way. */
const LEAST_LEFT_MS = 5_000
const visitedName = 'getcomplical.visited'

/**
 * Signs in: comes back from the issuer, or goes there. Whoever was signed in in this tab is asked nothing
 * after a reload, as long as the issuer knows him.
 * @throws Error where the issuer does not answer, or refuses
 */
export async function openSession(settings: Settings): Promise<Opened> {
  const { issuer: name, clientId } = settings
  if (name === null || clientId === null) {
    const missing = name === null ? 'OIDC_ISSUER' : 'OIDC_CLIENT_ID'
    const why = `Signing in is not set up on this server: ${missing} is missing.`
    return { kind: 'signed-out', signIn: null, why }
  }
  const issuer = await connectIssuer(settings, name, clientId)
  const address = new URL(location.href)
  if (address.pathname === signedOutPath) {
    sessionStorage.removeItem(visitedName)
    const signIn = () => void issuer.leaveToSignIn('/dashboard/', { silent: false })
    return { kind: 'signed-out', signIn, why: null }
  }
  if (address.pathname !== callbackPath) {
    const silent = sessionStorage.getItem(visitedName) !== null
    return await issuer.leaveToSignIn(pathOf(address), { silent })
  }
  const finished = await issuer.finish(address)
  if (finished.outcome === 'ask-again') {
    return await issuer.leaveToSignIn(finished.returnTo, { silent: false })
  }
  sessionStorage.setItem(visitedName, '1')
  history.replaceState(null, '', finished.returnTo)
  return { kind: 'signed-in', session: createSession(issuer, finished.tokens) }
}

function createSession(issuer: Issuer, first: Tokens): Session {
  let tokens = first
  let renewing: Promise<void> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const listeners = new Set<() => void>()

  function schedule(): void {
    clearTimeout(timer)
    const life = (tokens.expiresAt - Date.now()) * RENEW_AT
    // A try in the background that fails is repeated by whoever needs the token.
    timer = setTimeout(() => void renew().catch(() => {}), Math.max(1_000, life))
  }

  function renew(): Promise<void> {
    renewing ??= renewNow().finally(() => {
      renewing = null
    })
    return renewing
  }

  async function renewNow(): Promise<void> {
    tokens = await issuer.renew(tokens)
    schedule()
    for (const listener of listeners) listener()
  }

  async function renewOrLeave(): Promise<void> {
    try {
      await renew()
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error
      await issuer.leaveToSignIn(pathOf(new URL(location.href)), { silent: true })
    }
  }

  async function accessToken(): Promise<string> {
    if (tokens.expiresAt - Date.now() <= LEAST_LEFT_MS) await renewOrLeave()
    return tokens.access
  }

  schedule()
  return {
    person: first.person,
    accessToken,
    renew: renewOrLeave,
    onRenewed(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    signOut() {
      clearTimeout(timer)
      sessionStorage.removeItem(visitedName)
      return issuer.leaveToSignOut(tokens)
    },
  }
}

function pathOf({ pathname, search, hash }: URL): string {
  return pathname + search + hash
}
