import { Alert, Button, Center, Loader, Stack, Text } from '@mantine/core'
import type { CombinedError } from 'urql'

/** @param what is awaited, for a screen reader too */
export function Loading({ what }: { what: string }) {
  return (
    <Center mih={160} role="status">
      <Stack align="center" gap="xs">
        <Loader aria-hidden />
        <Text c="dimmed">{what}…</Text>
      </Stack>
    </Center>
  )
}

interface FailedProps {
  /** In plain words; the reason follows. */
  what: string
  error: unknown
  onRetry?: () => void
}

export function Failed({ what, error, onRetry }: FailedProps) {
  return (
    <Alert color="red" title={what} role="alert" m="md">
      <Stack align="flex-start">
        <Text>{wordsOf(error)}</Text>
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
      </Stack>
    </Alert>
  )
}

/** What there will be here, and how it comes about. */
export function Empty({ children }: { children: string }) {
  return (
    <Center mih={120}>
      <Text c="dimmed">{children}</Text>
    </Center>
  )
}

/** The server's own words where it answered. */
function wordsOf(error: unknown): string {
  if (isCombined(error)) {
    const [first] = error.graphQLErrors
    return first?.message ?? 'The server does not answer. Your connection may be gone.'
  }
  return error instanceof Error ? error.message : String(error)
}

function isCombined(error: unknown): error is CombinedError {
  return error instanceof Error && error.name === 'CombinedError'
}
