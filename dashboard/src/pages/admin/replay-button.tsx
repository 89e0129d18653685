import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { Failed } from '../../components/states.tsx'

interface ReplayButtonProps {
  /** Of what, for a screen reader. */
  of: string
  /** What stands in its place once it was done. */
  done: string
  replay: () => Promise<{ error?: unknown }>
}

/** The row stays where it is once it was replayed, so that one sees what one did. */
export function ReplayButton({ of, done, replay }: ReplayButtonProps) {
  const [state, setState] = useState<'idle' | 'busy' | 'done'>('idle')
  const [error, setError] = useState<unknown>(null)
  async function begin(): Promise<void> {
    setState('busy')
    const { error: refused = null } = await replay()
    setError(refused)
    setState(refused === null ? 'done' : 'idle')
  }
  if (state === 'done') {
    return (
      <Text size="sm" role="status">
        {done}
      </Text>
    )
  }
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={state === 'busy'}
        onClick={() => void begin()}
        aria-label={`Replay ${of}`}
      >
        Replay
      </Button>
      {error !== null && <Failed what="It was not replayed." error={error} />}
    </>
  )
}
