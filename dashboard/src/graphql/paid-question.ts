import { useCallback, useState } from 'react'
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql'

/** What a metered answer says that it cost. */
export interface PaidUsage {
  units: number
  /** What is left of the month's limit; null: unlimited. */
  remaining: number | null
}

export interface PaidAnswer<Data> {
  data: Data
  usage: PaidUsage | null
}

interface PaidQuestion<Data, Variables> {
  /** @returns null where it failed; then `error` says why, and it cost nothing */
  ask(apiKeyId: string, variables: Variables): Promise<PaidAnswer<Data> | null>
  asking: boolean
  error: unknown
}

/**
 * A question that costs units of a key: asked when somebody says so and never by itself, neither by the cache nor
 * after a reconnect.
 */
export function usePaidQuestion<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
): PaidQuestion<Data, Variables> {
  const client = useClient()
  const [state, setState] = useState<{ asking: boolean; error: unknown }>(idle)
  const ask = useCallback(
    async (apiKeyId: string, variables: Variables) => {
      setState({ asking: true, error: null })
      const { data, error, extensions } = await client
        .query(document, variables, {
          requestPolicy: 'network-only',
          fetchOptions: { headers: { 'X-Api-Key-Id': apiKeyId } },
        })
        .toPromise()
      setState({ asking: false, error: error ?? null })
      if (!data || error) return null
      return { data, usage: (extensions?.usage as PaidUsage | undefined) ?? null }
    },
    [client, document],
  )
  return { ask, ...state }
}

const idle = { asking: false, error: null }
