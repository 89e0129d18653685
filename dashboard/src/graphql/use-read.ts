import { useCallback, useEffect, useRef } from 'react'
import { type AnyVariables, type CombinedError, type UseQueryArgs, useQuery } from 'urql'
import { useReturns } from './connection.ts'
import { useConnection } from './connection-context.tsx'

export interface Read<Data, Variables> {
  /** Undefined until the first answer; while something else is asked, still the answer before. */
  data: Data | undefined
  /** What `data` is the answer to. */
  answered: Variables | undefined
  error: CombinedError | undefined
  fetching: boolean
  /** Asks the server once more. */
  again(): void
}

/** A question that is asked again whenever the connection has come back: what was read before may be old. */
export function useRead<Data, Variables extends AnyVariables>(
  args: UseQueryArgs<Variables, Data>,
): Read<Data, Variables> {
  const [{ data, error, fetching, operation }, ask] = useQuery<Data, Variables>(args)
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask])
  const returns = useReturns(useConnection())
  const seen = useRef(returns)
  useEffect(() => {
    if (seen.current === returns) return
    seen.current = returns
    again()
  }, [returns, again])
  return { data, answered: operation?.variables, error, fetching, again }
}
