import { Component, type ReactNode } from 'react'
import { Failed } from '../components/states.tsx'

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
    return (
      <Failed
        what="This page broke."
        error={error}
        onRetry={() => this.setState({ error: null })}
      />
    )
  }
}
