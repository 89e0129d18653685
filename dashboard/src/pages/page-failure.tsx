import { Component, type ReactNode, useCallback, useEffect, useRef } from 'react'
import { Failed } from '../components/states.tsx'
import { useReturns } from '../graphql/connection.ts'
import { useConnection } from '../graphql/connection-context.tsx'
import { readSettings } from '../settings.ts'

/** Its code did not come: the connection is gone, or the server has another build by now. */
export class PageNotLoaded extends Error {
  override readonly name = 'PageNotLoaded'

  constructor(options: ErrorOptions) {
    super('The server does not answer, or it has been updated.', options)
  }
}

interface State {
  error: unknown
}

/** A page that breaks takes nothing but itself with it. React has no other way to say it than a class. */
export class PageFailure extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null }

  static getDerivedStateFromError(error: unknown): State {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === null) return this.props.children
    if (error instanceof PageNotLoaded) return <NotLoaded error={error} />
    return (
      <Failed
        what="This page broke."
        error={error}
        onRetry={() => this.setState({ error: null })}
      />
    )
  }
}

/**
 * Neither React nor a browser asks again for code that did not come, and of another build it has another name: the
 * document is loaded anew, once the server answers; by itself when the connection is back.
 */
function NotLoaded({ error }: { error: PageNotLoaded }) {
  const reload = useCallback(() => {
    readSettings().then(
      () => location.reload(),
      () => {},
    )
  }, [])
  const returns = useReturns(useConnection())
  const seen = useRef(returns)
  useEffect(() => {
    if (returns !== seen.current) reload()
  }, [returns, reload])
  return <Failed what="This page could not be loaded." error={error} onRetry={reload} />
}
