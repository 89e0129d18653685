/** `GET /dashboard/config.json` of the server that served us. */
export interface Settings {
  /** Null: nobody can sign in. */
  issuer: string | null
  clientId: string | null
  /** Separated by blanks. */
  scopes: string
  audience: string | null
  /** The issuer is the demo's, on this machine. */
  demo: boolean
  selfSignup: boolean
  production: boolean
  version: string
}

/** @throws Error where the server does not answer */
export async function readSettings(): Promise<Settings> {
  const response = await fetch('/dashboard/config.json')
  if (!response.ok) throw new Error(`The server answers ${response.status}.`)
  return (await response.json()) as Settings
}
