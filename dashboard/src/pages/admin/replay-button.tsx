import { Button } from '@mantine/core'
import { useState } from 'react'
import { Failed } from '../../components/states.tsx'

interface ReplayButtonProps {
  /** Of what, for a screen reader. */
  of: string
  replay: () => Promise<{ error?: unknown }>
  /** Says what was done, outside of the row: the list is read anew, and may not have it any more. */
  onDone: () => void
}

export function ReplayButton({ of, replay, onDone }: ReplayButtonProps) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  async function begin(): Promise<void> {
    setBusy(true)
    const { error: refused = null } = await replay()
    setError(refused)
    setBusy(false)
    if (refused === null) onDone()
  }
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={busy}
        onClick={() => void begin()}
        aria-label={`Replay ${of}`}
      >
        Replay
      </Button>
      {error !== null && <Failed what="It was not replayed." error={error} />}
    </>
  )
}
